import type { EngineQueue } from '../../engine/index.ts';
import { carries, isAbout, readStoredJob, shownJobId, UndecodableJobError } from '../../queue/index.ts';
import type { DeadLetterFilter, LetterState } from '../dead-letter-filter.ts';

/** Whether what is stored of a job is what is asked for of jobs: `asksOfJobs`. A damaged one is not. */
export async function fitsJob(queue: EngineQueue, id: string, filter: DeadLetterFilter): Promise<boolean> {
  const { state, tags, about } = filter;
  const job = await readStoredJob(queue, id).catch((error: unknown) => {
    if (error instanceof UndecodableJobError) return undefined;
    throw error;
  });
  if (job === undefined) return false;
  if (state !== undefined && stateOf(job.failedReason) !== state) return false;
  if (tags !== undefined && !carries(job.opts, tags)) return false;
  return about === undefined || shownJobId({ queue: queue.name, id }) === about || isAbout(job.opts, about);
}

function stateOf(reason: unknown): LetterState {
  if (typeof reason !== 'string') return 'dead';
  return /^JOB_EXPIRED\b/.test(reason) ? 'expired' : /^JOB_CANCELLED\b/.test(reason) ? 'cancelled' : 'dead';
}
