import { marksOf } from '../meta/job-marks.ts';
import type { TakenJob } from '../../engine/index.ts';

/**
 * When a job was first due, or put back by a replay. Its options keep the delay that it was enqueued with: `job.delay` is 0 once it is due.
 * When a later attempt was due is kept by no engine.
 */
export function firstDueAt({ timestamp, opts, progress }: Pick<TakenJob, 'timestamp' | 'opts' | 'progress'>): number {
  const due = timestamp + (opts.delay ?? 0);
  return typeof progress === 'object' ? Math.max(due, marksOf(progress).replayedAt ?? 0) : due;
}

/** What a replay notes on a job, in the place of what was noted before. */
export function replayMark(at: number): { readonly replayedAt: number } {
  return { replayedAt: at };
}
