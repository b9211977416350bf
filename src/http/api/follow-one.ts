import { insidesOf } from '../../queue/index.ts';
import { reachJob } from './reach-job.ts';
import { mayRead, type RouteContext } from './route-context.ts';
import { shownJob, shownOf } from './shown-job.ts';

/** `GET /api/v1/jobs/ID/events`: server-sent events, each the job as it stands now, until it has ended. */
export async function followOne(context: RouteContext): Promise<undefined> {
  const { client, app, request, response, streams, token, word: id } = context;
  const { contract } = await reachJob(context, 'read');
  const { engine } = insidesOf(client);
  await streams.open({
    request,
    response,
    caller: token.id,
    target: { job: id },
    shape: async view => {
      const job = { view, contract };
      return shownJob(job, await shownOf({ app, engine }, job));
    },
    isStillAllowed: async () => ((await mayRead(context, contract.name)) ? 'yes' : 'no'),
  });
}
