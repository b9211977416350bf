/** What a run came to. `divided`: a chunk whose items came to different ends. */
export const OUTCOMES = ['succeeded', 'divided', 'retried', 'cancelled', 'expired', 'dead'] as const;
export type RunOutcome = (typeof OUTCOMES)[number];

/** A tag as the journal knows it: what it can be found by, and its value where its contract says that it is public. */
export interface JournalTag {
  readonly name: string;
  readonly digest: string;
  readonly value?: string | undefined;
}

/** Why a run did not succeed; without sensitive values. */
export interface RunFailure {
  /** Why there was no further attempt, of the last one. */
  readonly reason?: string | undefined;
  /** Class of the error. */
  readonly error?: string | undefined;
  /** Its first line, 300 characters at most. */
  readonly message?: string | undefined;
  /** The fingerprint that dead letters are grouped by. */
  readonly cause?: string | undefined;
}

/** One run of a job that has ended, or the end of a job that was not run. */
export interface RunRecord extends RunFailure {
  readonly jobId: string;
  readonly jobName: string;
  readonly queue: string;
  readonly outcome: RunOutcome;
  /** Engine time, milliseconds since 1970. */
  readonly endedAt: number;
  /** From when the job was first due, or last replayed, to this start; undefined where it is not known. */
  readonly waitedMs?: number | undefined;
  readonly ranMs?: number | undefined;
  /** 1 for the first. */
  readonly attempt: number;
  readonly worker: string;
  readonly host: string;
  /** RELEASE of the process that ran it, else the app's version; undefined where it has neither. */
  readonly release?: string | undefined;
  readonly correlationId: string;
  readonly traceId?: string | undefined;
  readonly tags: readonly JournalTag[];
  /** How many a chunk has. */
  readonly items?: number | undefined;
}

/** Two kinds are kept apart: successes are many, and may be sampled. */
export type RunClass = 'failed' | 'succeeded';
export const RUN_CLASSES: readonly RunClass[] = ['failed', 'succeeded'];

export function classOf(outcome: RunOutcome): RunClass {
  return outcome === 'succeeded' || outcome === 'divided' ? 'succeeded' : 'failed';
}
