import type { Answer } from '../exchange/answer.ts';
import { reachJob } from './reach-job.ts';
import type { RouteContext } from './route-context.ts';
import { shownJob, shownOf } from './shown-job.ts';

/** `GET /api/v1/jobs/ID` */
export async function readOne(context: RouteContext): Promise<Answer> {
  const job = await reachJob(context, 'read');
  return { status: 200, body: shownJob(job, await shownOf(context, job)) };
}
