import type { GroupedOptions } from './groups.ts';
import type { JobLock } from './taken-job.ts';
import type { ParentPolicy } from './new-flow.ts';
import type { KeyEnd } from './stored-key.ts';

/** How many jobs that ended in the same way a queue keeps. BullMQ's form: `count` 0 keeps none, without it or with -1 all. */
export interface Keep {
  readonly count?: number | undefined;
  /** Seconds. */
  readonly age?: number | undefined;
  /** How many aged ones are removed at most; 1,000 when left out. */
  readonly limit?: number | undefined;
}

/** A failure as it may be stored: scrubbed and bounded by whoever made it. */
export interface StoredFailure {
  readonly message: string;
  /** Of this failure and of those before it, oldest first. */
  readonly stacktrace: readonly string[];
}

/** One line for the job's log. */
export interface LogLine {
  readonly text: string;
  /** How many of the newest lines are kept; all when left out. */
  readonly keep?: number | undefined;
}

/** What is written on a job together with its end. */
interface Noted {
  readonly line?: LogLine | undefined;
  /** The job's data from now on, as JSON: what its contract does not want to keep has been taken out. */
  readonly data?: string | undefined;
}

/** The batch of a job that ends for good: its end is recorded for it, in the same turn. */
export interface BatchOfEnd {
  readonly id: string;
  /** When the job ended: engine time, milliseconds since 1970. */
  readonly at: number;
}

/** Done. An attempt is counted. */
export interface Succeeded extends Noted {
  readonly key?: KeyEnd | undefined;
  readonly batch?: BatchOfEnd | undefined;
  readonly what: 'succeeded';
  /** As JSON. */
  readonly result: string;
  readonly keep: Keep;
  /** How long the result is kept for those who wait for it, also where the job is gone before. */
  readonly keptMs?: number | undefined;
}

/** The attempt failed and is counted; the next one is due at `at`, or at once where that is not in the future. */
export interface Retried extends Noted {
  readonly what: 'retry';
  /** Engine time, milliseconds since 1970. */
  readonly at: number;
  readonly failure: StoredFailure;
  /** Whether it goes to the head of its queue where it is due at once. */
  readonly lifo: boolean;
}

/** Comes again at `until`; no attempt is counted. */
export interface Snoozed extends Noted {
  readonly what: 'snoozed';
  /** Engine time, milliseconds since 1970. */
  readonly until: number;
  /** What is noted on the job in the place of what was noted before; unchanged when left out. */
  readonly progress?: string | undefined;
}

/** Back to the head of its queue at once; no attempt is counted. */
export interface HandedBack {
  readonly what: 'handed-back';
  /**
   * All of its options from now on, with the groups that it belongs to: it was stored without them, by another program or an earlier release.
   * Whoever takes it next decides by its groups.
   */
  readonly opts?: GroupedOptions | undefined;
}

/** Ended for good and kept as failed. An attempt is counted. `attempts`: how many it had, for the event that says they are used up. */
export interface Failed extends Noted {
  readonly key?: KeyEnd | undefined;
  readonly batch?: BatchOfEnd | undefined;
  readonly what: 'cancelled' | 'expired' | 'dead';
  readonly failure: StoredFailure;
  readonly attempts: number;
  readonly keep: Keep;
  /** What becomes of its parent; left out where it says nothing of one. */
  readonly parents?: ParentPolicy | undefined;
}

/** What became of a job that was taken. Closed: an engine handles each. */
export type EndKind = Succeeded | Retried | Snoozed | HandedBack | Failed;

/** `groups`: those in which it has a place among the jobs that run, which is free from now on. */
export type End = JobLock & { readonly end: EndKind; readonly groups?: readonly string[] };

/**
 * Whether an end was written. Nothing of it was where it was not, and the job is not this worker's to end.
 * - `settled`
 * - `missing`: the queue does not have such a job (any more)
 * - `lock-lost`: nobody holds it
 * - `taken-over`: another token holds it
 * - `not-active`: it is held and not among those that run
 * - `waits-for-children`, `children-failed`: a parent cannot succeed with unfinished or failed children
 * - `refused`: the engine cannot hold what was to be written (PostgreSQL: a text with `\u0000`), or the stored job is damaged so that it cannot
 *   be ended this way; the others of its turn were settled
 * - `withheld`: the right to write this one is missing, such as that to the keys of a parent in another queue; the others of its turn were settled
 */
export type SettleAnswer =
  | {
      readonly kind:
        | 'settled'
        | 'missing'
        | 'lock-lost'
        | 'taken-over'
        | 'not-active'
        | 'waits-for-children'
        | 'children-failed'
        | 'withheld';
    }
  | { readonly kind: 'refused'; readonly reason: string };
