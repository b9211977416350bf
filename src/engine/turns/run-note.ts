import type { JobLock } from './taken-job.ts';

/** What a run says of itself while it runs. */
export interface RunNote extends JobLock {
  /** BullMQ's progress, with its event. */
  readonly progress?: ProgressChange | undefined;
  /** Lines for the job's log, oldest first. None is added once the log has `mostLines`. */
  readonly lines: readonly string[];
  readonly mostLines: number;
}

/** From what was there, as its JSON text, to what is to be there: others write in the same place, and what they wrote must not be lost. */
export interface ProgressChange {
  readonly from: string;
  readonly to: string;
}

/**
 * - `noted`: all of it was written
 * - `changed`: the lines were; the progress that stands there is another one than `from`, and stays
 * - `lost`: nothing was, since nobody holds the job with that token
 * - `refused`: the engine cannot hold what was to be written
 */
export type NoteAnswer =
  { readonly kind: 'noted' | 'lost' | 'refused' } | { readonly kind: 'changed'; readonly progress: string };
