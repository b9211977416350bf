import type { Engine, JobPlace } from '../engine/index.ts';
import { cancelMarkOf, isReplayedSince, readJobView, readStoredJob, shownJobId } from '../queue/index.ts';
import { statesOf } from './bulk-filter.ts';
import type { BulkTask } from './bulk-task.ts';

/**
 * Whether something is still to be done to a job that a walk has met, perhaps long ago. It is not to one that needs nothing any more, to one that
 * somebody has put back since the action was asked for, or that is not any more what was asked for.
 */
export async function isMeant(
  engine: Engine,
  place: JobPlace,
  { what, filter, startedAt }: Pick<BulkTask, 'what' | 'filter' | 'startedAt'>,
): Promise<boolean> {
  const queue = await engine.queue(place.queue);
  const job = await readStoredJob(queue, place.id);
  if (job === undefined || isReplayedSince(job, startedAt)) return false;
  // By this task before its carrier was killed, or by somebody else.
  if (what === 'cancel' && cancelMarkOf(job.progress) !== undefined) return false;
  // It has run since it was asked for: it waits for another try now.
  if (what === 'run-now' && (job.processedOn ?? 0) >= startedAt) return false;
  const { waitsFor, state } = filter;
  if (waitsFor === undefined && state === undefined) return what === 'cancel' || job.isDelayed();
  const view = await readJobView(engine, shownJobId(place));
  const states: readonly string[] = statesOf(what, filter);
  if (view === undefined || !states.includes(view.state)) return false;
  return waitsFor === undefined || view.waitsFor?.for === waitsFor;
}
