import type { Engine, QueueContents, QueueHead } from '../../engine/index.ts';
import { firstDueAt } from './due-at.ts';
import { PRIORITY_NUMBERS } from '../prepare/priorities.ts';

/** How many jobs a queue holds, by what is to become of them. */
export interface QueueFigures {
  readonly name: string;
  readonly paused: boolean;
  /** Due now, and not started. */
  readonly waiting: number;
  /** Of those that wait: set aside by limits and pauses. */
  readonly held: number;
  readonly running: number;
  readonly delayed: number;
  /** Those that are still kept. */
  readonly succeeded: number;
  readonly dead: number;
  /** One of the numbers is PostgreSQL's own estimate: there are more than it would be cheap to count. */
  readonly isEstimate?: boolean;
  /**
   * How long the job that is due longest has been due, in milliseconds; undefined when none is, or it cannot be read. One that has run before
   * counts from its last start once its wait is over. Those that limits and pauses have set aside are not among them: more workers do not help them.
   */
  readonly oldestDueMs: number | undefined;
  /** The same of those that limits and pauses have set aside. */
  readonly oldestHeldMs: number | undefined;
}

/** Reads the figures of queues in one trip, in their order, however many jobs they hold. Rejects when the engine does not answer. */
export async function readQueueFigures(engine: Engine, queues: Iterable<string>): Promise<readonly QueueFigures[]> {
  const contents = await readContents(engine, queues);
  const now = engine.clock.now();
  return contents.map(each => figuresOf(each, now));
}

/** With the first job of each of our own priorities: within a priority jobs stand in order. */
export function readContents(engine: Engine, queues: Iterable<string>): Promise<readonly QueueContents[]> {
  return engine.contents([...queues], Object.values(PRIORITY_NUMBERS));
}

export function figuresOf({ name, paused, counts, isEstimate, heads }: QueueContents, now: number): QueueFigures {
  const earliest = (isHeld: boolean): number | undefined => {
    const due = heads.filter(head => head.isHeld === isHeld).map(head => dueAt(head, now));
    const past = due.filter(at => at <= now);
    return past.length === 0 ? undefined : Math.max(0, now - Math.min(...past));
  };
  return {
    name,
    paused,
    ...counts,
    ...(isEstimate && { isEstimate }),
    oldestDueMs: earliest(false),
    oldestHeldMs: earliest(true),
  };
}

/**
 * A retry is due its delay after the run that failed began, everything else after it was queued. When one that waited became due is known of
 * its first time alone; one that is to run again counts from its last start. One that waits though it was sent ahead of its time is due all the same.
 */
function dueAt(head: QueueHead, now: number): number {
  const { isDelayed, delay, timestamp, processedOn = 0 } = head;
  const at = delay > 0 ? Math.max(timestamp, processedOn) + delay : Math.max(firstDueAt(head), processedOn);
  return isDelayed ? at : Math.min(now, at);
}
