import { HELD_PRIORITY } from '../../turns/index.ts';
import { headOf, type QueueContents, type QueueSpace } from '../../contents/index.ts';
import type { MemoryJob, MemoryJobState } from '../memory-job.ts';
import type { MemoryQueue } from '../memory-queue.ts';

/** What a queue of this process holds. */
export function memoryContents(name: string, queue: MemoryQueue, priorities: readonly number[]): QueueContents {
  const waiting = queue.inState('waiting');
  const wanted = [0, ...priorities, ...priorities.map(priority => HELD_PRIORITY + priority)];
  const delayed = queue.inState('delayed');
  const firsts = wanted.flatMap(priority => waiting.find(job => job.priority === priority) ?? []);
  return {
    name,
    paused: queue.isPaused(),
    groups: queue.groups.pauses,
    counts: {
      waiting: waiting.length,
      held: waiting.filter(({ priority }) => priority >= HELD_PRIORITY).length,
      running: queue.inState('active').length,
      delayed: delayed.length + queue.inState('waiting-children').length,
      succeeded: queue.inState('completed').length,
      dead: queue.inState('failed').length,
    },
    isEstimate: false,
    heads: [...firsts, ...delayed.slice(0, 1)].flatMap(headIn),
  };
}

function headIn(job: MemoryJob) {
  const opts: unknown = JSON.parse(job.opts);
  return headOf({
    isDelayed: job.state === 'delayed',
    isHeld: job.priority >= HELD_PRIORITY,
    timestamp: job.timestamp,
    delay: job.delay,
    optsDelay: typeof opts === 'object' && opts !== null && 'delay' in opts ? opts.delay : undefined,
    processedOn: job.processedOn,
    progress: JSON.parse(job.progress) as unknown,
  });
}

/** The characters of what was stored. */
export function memorySpace(name: string, queue: MemoryQueue): QueueSpace {
  const bytes = (...states: readonly MemoryJobState[]): number =>
    states
      .flatMap(state => queue.inState(state))
      .reduce((sum, { data, opts, result }) => sum + data.length + opts.length + result.length, 0);
  return {
    name,
    bytes: {
      waiting: bytes('waiting'),
      running: bytes('active'),
      delayed: bytes('delayed', 'waiting-children'),
      succeeded: bytes('completed'),
      dead: bytes('failed'),
      events: 0,
    },
  };
}
