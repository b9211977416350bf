import type { DeduplicationOptions, JobsOptions } from 'bullmq';

/**
 * How a job's key stands. It is kept in the job's own options beside BullMQ's deduplication id, so that whoever ends the job knows, also one that
 * has no contract for it. BullMQ's tools see a simple deduplication: its key is there while the job is, and they free it at every end.
 */
export interface StoredKey extends DeduplicationOptions {
  readonly id: string;
  /** Which data counts while the job waits: the first, or the last, which it then takes over. */
  readonly keep: 'first' | 'last';
  /** How long it stands after success, in milliseconds; 0: not. */
  readonly for: number;
  /** After every end, not only after success. */
  readonly always?: boolean;
  /** A keyed digest of the data: other data under the same key is refused. Without one no data is compared. */
  readonly data?: string;
  /** How long after the first call the job starts, however often it is taken over; milliseconds. */
  readonly maxWait?: number;
}

/** Under what the job may stand since before the secret was changed. */
export interface KeyBefore {
  readonly id: string;
  readonly data?: string | undefined;
  /** The job's own id, where that is made of its cause. */
  readonly jobId?: string | undefined;
}

/** What becomes of a key when its job ends. Without one BullMQ's rule: it is free, unless it stands for a time. */
export type KeyEnd =
  | { readonly kind: 'stands'; readonly id: string; readonly forMs: number; readonly data: string | undefined }
  /** Until a person has decided what becomes of the job. */
  | { readonly kind: 'held'; readonly id: string };

/** The key of a job as it was stored; undefined where it has none of ours. */
export function storedKeyOf({ deduplication }: Readonly<JobsOptions>): StoredKey | undefined {
  const given: unknown = deduplication;
  return isStoredKey(given) ? given : undefined;
}

function isStoredKey(given: unknown): given is StoredKey {
  if (typeof given !== 'object' || given === null) return false;
  const { id, keep, for: forMs, data }: Readonly<Record<string, unknown>> = { ...given };
  return (
    typeof id === 'string' &&
    (keep === 'first' || keep === 'last') &&
    typeof forMs === 'number' &&
    Number.isSafeInteger(forMs) &&
    forMs >= 0 &&
    (data === undefined || typeof data === 'string')
  );
}

/**
 * `succeeded`; `ended`: it surely had no effect, and can be asked for again; `unclear`: it may have had one, or ends processes.
 */
export function keyEndOf(opts: Readonly<JobsOptions>, end: 'succeeded' | 'ended' | 'unclear'): KeyEnd | undefined {
  const key = storedKeyOf(opts);
  if (key === undefined) return undefined;
  const { id, for: forMs, always, data } = key;
  if (end === 'unclear') return { kind: 'held', id };
  return forMs > 0 && (end === 'succeeded' || always === true) ? { kind: 'stands', id, forMs, data } : undefined;
}
