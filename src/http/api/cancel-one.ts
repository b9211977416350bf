import type { Answer } from '../exchange/answer.ts';
import { readJson } from '../exchange/read-json.ts';
import { requireFields, requireText } from './request-fields.ts';
import { reachJob } from './reach-job.ts';
import type { RouteContext } from './route-context.ts';

const MOST_BYTES = 4_096;

/** `POST /api/v1/jobs/ID/cancel`, with `{ "reason": "..." }` or without a body. */
export async function cancelOne(context: RouteContext): Promise<Answer> {
  const { client, request, token } = context;
  const body = (await readJson(request, MOST_BYTES)) ?? {};
  const { reason } = requireFields(body, 'the body', ['reason']);
  const { view } = await reachJob(context, 'cancel');
  const given = reason === undefined ? {} : { reason: requireText('reason', reason) };
  const answer = await client.cancel(view.id, { ...given, by: `api:${token.name}` });
  return { status: 200, body: { id: view.id, answer } };
}
