import type { GroupedOptions } from './groups.ts';

/** The lock of a job that a worker has claimed. Whoever knows the token can act for the worker. */
export interface JobLock {
  readonly jobId: string;
  readonly token: string;
}

/**
 * A job as it was taken. The names are BullMQ's, so that whatever reads a job of a stock queue reads this one too. Numbers that another
 * program has damaged read as 0, texts as empty.
 */
interface Taken {
  readonly id: string;
  /** The lock's value: one of those that the take brought along. */
  readonly token: string;
  readonly name: string;
  /** Read from their JSON, with BullMQ's long names. */
  readonly opts: Readonly<GroupedOptions>;
  /** When it was added, in milliseconds since 1970; the time of the take where the stored job has none. */
  readonly timestamp: number;
  /** Attempts that ended. */
  readonly attemptsMade: number;
  /** Takes, this one included. */
  readonly attemptsStarted: number;
  /** What is noted on the job. */
  readonly progress: unknown;
  /** Stacks of earlier failures, oldest first. */
  readonly stacktrace: readonly string[];
  /** Why the job must end as failed without a run: it stalled more often than allowed, or a child of it failed. */
  readonly deferredFailure: string | undefined;
  /** The scheduler of BullMQ that made it and must make the next one. */
  readonly repeatJobKey: string | undefined;
  /** True: one of its groups is paused no longer, and this job alone finds out whether others may follow. */
  readonly probing?: boolean;
}

/** Its data could be read. */
export interface SoundJob extends Taken {
  readonly kind: 'sound';
  readonly data: unknown;
}

/** Something of it could not be read. It is locked like any other and must be settled; what was damaged reads as empty. */
export interface BrokenJob extends Taken {
  readonly kind: 'broken';
  readonly data: Readonly<Record<string, never>>;
  /** What is wrong, for people; never a piece of what is stored. */
  readonly complaint: string;
}

export type TakenJob = SoundJob | BrokenJob;
