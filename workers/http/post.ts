import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { inSpan } from '../../src/tracing/index.ts';
import { DeliveryError } from '../../src/resilience/index.ts';
import { checkTarget, guardedLookup, isAllowed, type AllowedHosts, type Resolver } from './address-guard.ts';
import { classifyNetworkError, classifyStatus } from './classify.ts';

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

/** Answers are read to see that they end, not for what they say. */
const ANSWER_LIMIT_BYTES = 64 * 1024;
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
  const stop = AbortSignal.any([signal, deadline]);
  let answer: IncomingMessage;
  try {
    answer = await send(url, { headers, body, lookup, signal: stop });
    await drain(answer, stop);
  } catch (error) {
    if (deadline.aborted && !signal.aborted) {
      throw new DeliveryError('transient', `The call to ${destination} took longer than ${timeoutMs} ms.`, {
        destination,
      });
    }
    throw classifyNetworkError(error, destination);
  }
  const status = answer.statusCode ?? 0;
  const failure = classifyStatus(status, answer.headers['retry-after'], destination);
  if (failure !== undefined) throw failure;
  return { status };
}

interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly lookup: LookupFunction | undefined;
  readonly signal: AbortSignal;
}

function send(url: URL, { headers, body, lookup, signal }: Sending): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const call = request(url, {
      method: 'POST',
      // A connection of its own: a kept one would skip the guard at its next use.
      agent: false,
      signal,
      ...(lookup !== undefined && { lookup }),
      headers: {
        'user-agent': 'Shiftwork',
        accept: '*/*',
        // An answer is counted as it arrives; one that unpacks to gigabytes is never unpacked.
        'accept-encoding': 'identity',
        ...headers,
        'content-length': String(Buffer.byteLength(body)),
      },
    });
    call.on('response', resolve);
    call.on('error', reject);
    call.end(body);
  });
}

async function drain(answer: IncomingMessage, signal: AbortSignal): Promise<void> {
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    // The status is known; what follows is of no use.
    if (bytes > ANSWER_LIMIT_BYTES || signal.aborted) break;
  }
  answer.destroy();
  signal.throwIfAborted();
}
