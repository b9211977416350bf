import { marksOf, progressIn, withMarks } from '../meta/job-marks.ts';
import { storableText } from '../../privacy/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { placeOf, shownJobId } from '../ids/job-id.ts';
import { readStoredJob } from '../views/read-stored-job.ts';

/** What a call to cancel found: `requested`, or that the job has `ended`, or that no such job is known. */
export type CancelAnswer = 'requested' | 'ended' | 'unknown';

export interface CancelMark {
  readonly reason: string;
  readonly by: string;
}

/** Cancels of late, by job id: what workers that run jobs look at once a second. */
export const CANCELS = 'cancel';
/** Longer than any outage in which a running job could miss it; the mark on the job itself is what lasts. */
const CANCEL_KEPT_MS = 600_000;
const REASON_LIMIT = 500;

/**
 * Marks a job as no longer wanted. Where it waits, it ends as cancelled when its turn comes (a delayed one, and one that a limit or a pause of its
 * group keeps, at once); where it runs,
 * its signal aborts within about a second.
 *
 * The mark is on the job, in its progress: the one field that can be changed on both engines and that a worker has in hand when
 * it claims a job, so jobs that nobody cancels pay nothing.
 */
export async function cancelJob(engine: Engine, name: string, { reason, by }: CancelMark): Promise<CancelAnswer> {
  const place = placeOf(name);
  if (place === undefined) return 'unknown';
  const { id } = place;
  const queue = await engine.existingQueue(place.queue);
  const job = queue && (await readStoredJob(queue, id));
  if (job === undefined) return 'unknown';
  if ((await job.isCompleted()) || (await job.isFailed())) return 'ended';
  const bounded = (text: string): string => storableText(text.slice(0, REASON_LIMIT));
  const mark: CancelMark = { reason: bounded(reason), by: bounded(by) };
  // BullMQ takes an object or a number.
  await job.updateProgress(withMarks(progressIn(job.progress), { ...marksOf(job.progress), cancel: mark }) as object);
  const state = await openState(engine);
  await state.set(CANCELS, shownJobId(place), mark, CANCEL_KEPT_MS);
  // One that has just become due or ended is no longer delayed.
  if (await job.isDelayed()) await job.promote().catch(() => undefined);
  // No limit and no pause of its group keeps what only ends.
  else await (await engine.turns(place.queue)).bringForward(id);
  return 'requested';
}

/** The mark that a job carries, if it does. */
export function cancelMarkOf(progress: unknown): CancelMark | undefined {
  return marksOf(progress).cancel;
}
