import { setTimeout as sleep } from 'node:timers/promises';
import { hasStartable, type MemoryQueue, type MemoryServer } from '../../engine/index.ts';
import { DrainStuckError } from './drain-stuck-error.ts';

export interface Quiet {
  readonly server: MemoryServer;
  readonly queues: readonly MemoryQueue[];
  /** How many runs are under way in this process. */
  readonly running: () => number;
  readonly patienceMs: number;
}

/**
 * Resolves when nothing runs and nothing can be begun: what is paused, above its limits or not due waits on. While the engine is away
 * nothing can be begun.
 * @throws DrainStuckError when nothing has happened for so long and it is not so
 */
export async function untilQuiet(quiet: Quiet): Promise<void> {
  for (;;) {
    // What has just been settled is stated, and what follows from that is queued, before the loop comes by again.
    await new Promise(setImmediate);
    if (!isBusy(quiet)) return;
    await nextEvent(quiet);
  }
}

function isBusy({ server, queues, running }: Quiet): boolean {
  if (!server.isUp) return running() > 0;
  return queues.some(queue => hasWork(queue));
}

function hasWork(queue: MemoryQueue): boolean {
  return queue.inState('active').length > 0 || hasStartable(queue, queue.now());
}

/** In so many parts the patience is spent: a computer that was busy elsewhere takes only one of them. */
const PARTS = 10;

/** Anything that happens in a queue, or to the engine. */
async function nextEvent({ server, queues, patienceMs }: Quiet): Promise<void> {
  const ended = new AbortController();
  try {
    const events = queues.map(({ events: each }) => each.waitForEvent(Number.POSITIVE_INFINITY, ended.signal));
    const happened = Promise.race([...events, server.changed]).then(() => true);
    for (let part = 0; part < PARTS; part += 1) {
      if (await Promise.race([happened, sleep(patienceMs / PARTS, false, { signal: ended.signal })])) return;
    }
  } finally {
    ended.abort();
  }
  throw new DrainStuckError(
    queues.flatMap(queue => queue.inState('active')),
    patienceMs,
  );
}
