import { groupsOf, HELD_PRIORITY, type GroupedOptions, type JobChange } from '../turns/index.ts';
import type { MemoryEvents } from './memory-events.ts';
import { ownPriority } from './groups/memory-groups.ts';
import type { MemoryJob } from './memory-job.ts';

/** What a change needs of the job's queue. */
interface ChangingQueue {
  readonly events: MemoryEvents;
  /** The last place of its priority. */
  readonly nextSequence: () => number;
}

/** One that waits takes what is given; it goes behind others where its priority, or the groups that it waits for, are others. */
export function changeJob(
  job: MemoryJob,
  { data, opts, priority = ownPriority(job), dueAt }: JobChange,
  now: number,
  { events, nextSequence }: ChangingQueue,
): void {
  const groupsBefore = JSON.stringify(groupsOf(JSON.parse(job.opts) as GroupedOptions));
  job.opts = JSON.stringify(opts);
  job.data = data ?? job.data;
  const isHeld = job.priority >= HELD_PRIORITY;
  const isOther = priority !== ownPriority(job) || (isHeld && groupsBefore !== JSON.stringify(groupsOf(opts)));
  if (isOther) job.priority = priority;
  if (isOther && job.state === 'waiting') job.seq = nextSequence();
  if (dueAt !== undefined && dueAt > now) {
    job.priority = priority;
    job.state = 'delayed';
    job.dueAt = Math.ceil(dueAt);
    job.delay = Math.max(1, job.dueAt - Math.max(job.timestamp, job.processedOn ?? 0));
    events.say('delayed', { jobId: job.id, delay: job.dueAt });
  } else if (dueAt !== undefined && job.state === 'delayed') {
    job.state = 'waiting';
    job.delay = 0;
    job.seq = nextSequence();
    events.say('waiting', { jobId: job.id, prev: 'delayed' });
  }
  events.sign();
}
