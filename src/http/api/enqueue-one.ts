import type { IncomingMessage } from 'node:http';
import type { Answer } from '../exchange/answer.ts';
import { readJson } from '../exchange/read-json.ts';
import { notFound, RequestRefusedError } from '../exchange/request-refused-error.ts';
import { optionsFrom, requireFields } from './request-fields.ts';
import { contractFor, type RouteContext } from './route-context.ts';

/** Larger than the 256 KiB that a job may carry, with its wrapping. */
const MOST_BYTES = 300_000;

/** `POST /api/v1/jobs/NAME` with `{ "data": ..., "options": { ... } }` and, best of all, a header `Idempotency-Key`. */
export async function enqueueOne(context: RouteContext): Promise<Answer> {
  const { client, request, token, word: name } = context;
  const contract = contractFor(context, 'enqueue', name);
  if (contract === undefined) throw notFound();
  const { data, options } = requireFields(await readJson(request, MOST_BYTES), 'the body', ['data', 'options']);
  const given = optionsFrom(options, keyIn(request), token.id);
  const [receipt] = await client.enqueueMany([{ kind: 'job-request', contract, data, options: given }]);
  // Relative to the address that was asked for, wherever this is mounted.
  return { status: 202, body: receipt, headers: { Location: `./${encodeURIComponent(receipt?.id ?? '')}` } };
}

/** Of two, such as the caller's own and that of a library, Node makes a third, which is new with each repeat where one of them is. @throws RequestRefusedError 400 */
function keyIn({ headers, headersDistinct }: IncomingMessage): string | string[] | undefined {
  if ((headersDistinct['idempotency-key']?.length ?? 0) <= 1) return headers['idempotency-key'];
  throw new RequestRefusedError(400, 'Expected one header Idempotency-Key.');
}
