import type { LookupFunction } from 'node:net';
import { inSpan } from '../../src/tracing/index.ts';
import { DeliveryError } from '../../src/resilience/index.ts';
import { checkTarget, guardedLookup, isAllowed, type AllowedHosts, type Resolver } from './address-guard.ts';
import { classifyNetworkError, classifyReply } from './classify.ts';
import { exchange, type Reply } from './exchange.ts';

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly signal: AbortSignal;
}

export interface PostOptions {
  /** `'anywhere'`: the operator chose the address; else only the public internet and what is allowed by name. */
  readonly reach: 'anywhere' | { readonly allowed: AllowedHosts; readonly resolve?: Resolver };
  /** For the whole call, in milliseconds: a far side that sends a byte a second must not hold a worker. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
}

const TIMEOUT_MS = 15_000;

/**
 * One POST, and nothing more: no redirect is followed, no cookie kept, no answer unpacked, one connection per call.
 * @throws DeliveryError, classified, for everything but a 2xx
 */
export function post(call: Post, options: PostOptions): Promise<Answer> {
  const attributes = {
    'http.request.method': 'POST',
    'server.address': call.url.hostname,
    'url.scheme': call.url.protocol.slice(0, -1),
  };
  return inSpan('http.post', attributes, () => postOnce(call, options));
}

async function postOnce(
  { url, headers, body, signal }: Post,
  { reach, timeoutMs = TIMEOUT_MS }: PostOptions,
): Promise<Answer> {
  const destination = url.host;
  let lookup: LookupFunction | undefined;
  if (reach !== 'anywhere') {
    checkTarget(url, reach.allowed);
    if (!isAllowed(url, reach.allowed)) lookup = guardedLookup(reach.resolve);
  }
  const deadline = AbortSignal.timeout(timeoutMs);
  let reply: Reply;
  try {
    reply = await exchange(url, { headers, body, lookup, signal: AbortSignal.any([signal, deadline]) });
  } catch (error) {
    if (error === deadline.reason && deadline.aborted) {
      throw new DeliveryError('transient', `The call to ${destination} took longer than ${timeoutMs} ms.`, {
        destination,
      });
    }
    throw classifyNetworkError(error, destination);
  }
  const failure = classifyReply(reply, destination);
  if (failure !== undefined) throw failure;
  return { status: reply.status };
}
