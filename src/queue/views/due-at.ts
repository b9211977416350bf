import { marksOf, type JobMarks } from '../meta/job-marks.ts';
import type { EngineJob, QueueHead, TakenJob } from '../../engine/index.ts';

/**
 * When a job was first due, or put back by a replay. Its options keep the delay that it was enqueued with: `job.delay` is 0 once it is due.
 * When a later attempt was due is kept by no engine.
 */
export function firstDueAt({
  timestamp,
  opts,
  progress,
}: Pick<TakenJob | QueueHead, 'timestamp' | 'opts' | 'progress'>): number {
  const due = timestamp + (opts.delay ?? 0);
  return typeof progress === 'object' ? Math.max(due, marksOf(progress).replayedAt ?? 0) : due;
}

/** What a replay notes on a job, in the place of what was noted before. `end`: when it had ended. */
export function replayMark(at: number, end?: number): Pick<JobMarks, 'replayedAt' | 'replayedEnd'> {
  return end === undefined ? { replayedAt: at } : { replayedAt: at, replayedEnd: end };
}

/** Whether a job was put back at that time or later. One that still has the end for which that was noted was not: whoever noted it was killed. */
export function isReplayedSince(
  { progress, finishedOn }: Pick<EngineJob, 'progress' | 'finishedOn'>,
  at: number,
): boolean {
  const { replayedAt = -Infinity, replayedEnd } = marksOf(progress);
  return replayedAt >= at && (replayedEnd === undefined || replayedEnd !== finishedOn);
}
