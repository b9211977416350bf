import { HELD_PRIORITY, type EngineJob, type EngineQueue } from '../../engine/index.ts';
import { firstDueAt } from './due-at.ts';
import { PRIORITY_NUMBERS } from '../prepare/priorities.ts';

/** How many jobs a queue holds, by what is to become of them. */
export interface QueueFigures {
  readonly name: string;
  readonly paused: boolean;
  /** Due now, and not started. */
  readonly waiting: number;
  readonly running: number;
  readonly delayed: number;
  /** Those that are still kept. */
  readonly succeeded: number;
  readonly dead: number;
  /**
   * How long the job that is due longest has been due, in milliseconds; undefined when none is, or it cannot be read. One that has run before
   * counts from its last start once its wait is over. Those that limits and pauses have set aside are not among them: more workers do not help them.
   */
  readonly oldestDueMs: number | undefined;
  /** The same of those that limits and pauses have set aside. */
  readonly oldestHeldMs: number | undefined;
}

/** Reads a queue's figures in a handful of trips, however many jobs it holds. Rejects when the engine does not answer. */
export async function readQueueFigures(queue: EngineQueue, now: number): Promise<QueueFigures> {
  const [counts, paused, oldest] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'waiting-children', 'completed', 'failed'),
    queue.isPaused(),
    oldestDue(queue, now),
  ]);
  const count = (state: string): number => counts[state] ?? 0;
  return {
    name: queue.name,
    paused,
    waiting: count('waiting') + count('prioritized'),
    running: count('active'),
    delayed: count('delayed') + count('waiting-children'),
    succeeded: count('completed'),
    dead: count('failed'),
    oldestDueMs: oldest.dueAt === undefined ? undefined : Math.max(0, now - oldest.dueAt),
    oldestHeldMs: oldest.heldAt === undefined ? undefined : Math.max(0, now - oldest.heldAt),
  };
}

interface Head {
  readonly state: 'waiting' | 'prioritized' | 'delayed';
  readonly index: number;
  readonly isHeld: boolean;
}

interface Oldest {
  readonly dueAt: number | undefined;
  readonly heldAt: number | undefined;
}

/**
 * When the oldest job that is due became due, and of those that are set aside, which stand behind all others by their own priorities. Within a priority jobs stand in order, so the head of each is looked at;
 * and the head of the delayed ones, which stay there past their time when no worker is left to move them.
 */
async function oldestDue(queue: EngineQueue, now: number): Promise<Oldest> {
  const own = Object.values(PRIORITY_NUMBERS).sort((a, b) => a - b);
  const priorities = [...own, ...own.map(priority => HELD_PRIORITY + priority)];
  const counts = await queue.getCountsPerPriority(priorities);
  const heads: Head[] = [
    { state: 'waiting', index: 0, isHeld: false },
    { state: 'delayed', index: 0, isHeld: false },
  ];
  let position = 0;
  for (const priority of priorities) {
    const count = counts[String(priority)] ?? 0;
    if (count > 0) heads.push({ state: 'prioritized', index: position, isHeld: priority >= HELD_PRIORITY });
    position += count;
  }
  const times = await Promise.all(
    heads.map(async ({ state, index }) => {
      const [id] = await queue.getRanges([state], index, index, true);
      // A job with broken data cannot be read; it must not hide the others.
      const job = id === undefined ? undefined : await queue.getJob(id).catch(() => undefined);
      if (job === undefined) return undefined;
      // One that was sent ahead of its time is due all the same.
      return state === 'delayed' ? dueAt(job) : Math.min(now, dueAt(job));
    }),
  );
  const earliest = (isHeld: boolean): number | undefined => {
    const due = times.filter((time, nth) => time !== undefined && time <= now && heads[nth]?.isHeld === isHeld);
    return due.length === 0 ? undefined : Math.min(...(due as number[]));
  };
  return { dueAt: earliest(false), heldAt: earliest(true) };
}

/**
 * A retry is due its delay after the run that failed began, everything else after it was queued. When one that waited became due is known of
 * its first time alone; one that is to run again counts from its last start.
 */
function dueAt(job: EngineJob): number {
  if (job.delay > 0) return Math.max(job.timestamp, job.processedOn ?? 0) + job.delay;
  return Math.max(firstDueAt(job), job.processedOn ?? 0);
}
