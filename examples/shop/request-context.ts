import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { isTraceparent } from '../../src/queue/index.ts';

interface RequestContext {
  readonly correlationId: string;
  readonly traceparent: string | undefined;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Ties together everything that one request causes; the id is the caller's if it brings one, and goes back to it. */
export const requestContext: RequestHandler = (request, response, next) => {
  const brought = request.get('x-request-id');
  const correlationId = brought !== undefined && /^[\w.:-]{1,100}$/.test(brought) ? brought : randomUUID();
  const trace = request.get('traceparent');
  response.set('x-request-id', correlationId);
  storage.run({ correlationId, traceparent: trace !== undefined && isTraceparent(trace) ? trace : undefined }, next);
};

export function currentTraceparent(): string | undefined {
  return storage.getStore()?.traceparent;
}

export function currentCorrelationId(): string {
  return storage.getStore()?.correlationId ?? randomUUID();
}
