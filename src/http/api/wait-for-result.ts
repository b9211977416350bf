import { isOver, ResultTimeoutError } from '../../queue/index.ts';
import { hasCode, InvalidOptionsError } from '../../errors/index.ts';
import { ENCRYPTED } from '../../privacy/index.ts';
import { toMilliseconds } from '../../time/index.ts';
import type { Answer } from '../exchange/answer.ts';
import { RequestRefusedError } from '../exchange/request-refused-error.ts';
import { notAdmitted } from './admit.ts';
import { reachJob } from './reach-job.ts';
import { mayRead, type RouteContext } from './route-context.ts';
import { shownOf } from './shown-job.ts';

/** Proxies and clients give up on an answer after about a minute. */
const LONGEST_WAIT_MS = 50_000;
/** A job that has ended is there; the engine only has to say so. */
const SHORTEST_LOOK_MS = 2_000;
/** Of one token in one process. */
const MOST_WAITING = 100;

const waiting = new WeakMap<object, Map<string, number>>();

/**
 * `GET /api/v1/jobs/ID/result?wait=30s`: what the job has come to, or comes to within that time. 202 where it has not ended, 409 with the code
 * where it ended without a result.
 */
export async function waitForResult(context: RouteContext): Promise<Answer | undefined> {
  const { client, query, response, token } = context;
  const waitMs = waitFrom(query);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const job = await reachJob(context, 'read');
  const { id, state } = job.view;
  const open: Answer = { status: 202, body: { id, state: 'open' }, headers: { 'Retry-After': '1' } };
  if (waitMs === 0 && !isOver(state)) return open;
  // Who left while the token was looked up was not heard by the listener above.
  if (response.destroyed || gone.signal.aborted) return undefined;
  const release = begin(client, token.id);
  try {
    const timeout = Math.max(waitMs, SHORTEST_LOOK_MS);
    const looked = client.result(id, { timeout, signal: gone.signal }).catch(withoutKey);
    const [came] = await Promise.allSettled([looked]);
    // Nobody is there any more to be answered.
    if (gone.signal.aborted) return undefined;
    // The token may have been revoked while its request waited: it gets neither the result nor the reason why there is none.
    if (!isOver(state) && !(await mayRead(context, job.contract.name))) throw notAdmitted();
    if (came.status === 'fulfilled') {
      const { result } = await shownOf(context, job);
      return { status: 200, body: { id, state: 'succeeded', result: result(came.value) ?? null } };
    }
    if (!(came.reason instanceof ResultTimeoutError)) throw came.reason;
    return open;
  } finally {
    release();
  }
}

/** What is encrypted is not shown here: this process need not have the key. */
function withoutKey(error: unknown): typeof ENCRYPTED {
  if (hasCode(error, 'PAYLOAD_KEY_MISSING')) return ENCRYPTED;
  throw error;
}

/** @throws InvalidOptionsError */
function waitFrom(query: URLSearchParams): number {
  const text = query.get('wait') ?? '0s';
  const ms = /^\d+(\.\d+)?(ms|s|m)$/.test(text) ? toMilliseconds(text as '1s', 'wait') : Number.NaN;
  if (ms <= LONGEST_WAIT_MS) return ms;
  throw new InvalidOptionsError(
    `Expected wait to be a duration such as 10s, of at most ${LONGEST_WAIT_MS / 1_000}s, got ${JSON.stringify(text.slice(0, 40))}.`,
  );
}

/** @throws RequestRefusedError 429 */
function begin(client: object, tokenId: string): () => void {
  const counts = waiting.get(client) ?? new Map<string, number>();
  waiting.set(client, counts);
  const count = counts.get(tokenId) ?? 0;
  if (count >= MOST_WAITING) {
    throw new RequestRefusedError(429, `Expected at most ${MOST_WAITING} requests at once that wait with this token.`, {
      headers: { 'Retry-After': '1' },
    });
  }
  counts.set(tokenId, count + 1);
  return () => {
    const left = (counts.get(tokenId) ?? 1) - 1;
    if (left === 0) counts.delete(tokenId);
    else counts.set(tokenId, left);
  };
}
