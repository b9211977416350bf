import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Tracer } from '../../src/tracing/index.ts';
import { isTraceparent } from '../../src/queue/index.ts';

interface RequestContext {
  readonly correlationId: string;
  readonly traceparent: string | undefined;
}

const storage = new AsyncLocalStorage<RequestContext>();

/**
 * Ties together everything that one request causes; the id is the caller's if it brings one, and goes back to it. With a tracer the
 * request is a span of the caller's trace, or begins one.
 */
export function requestContext(tracer: Tracer | undefined): RequestHandler {
  return (request, response, next) => {
    const brought = request.get('x-request-id');
    const correlationId = brought !== undefined && /^[\w.:-]{1,100}$/.test(brought) ? brought : randomUUID();
    const trace = request.get('traceparent');
    response.set('x-request-id', correlationId);
    const parent = trace !== undefined && isTraceparent(trace) ? trace : undefined;
    if (tracer === undefined) {
      storage.run({ correlationId, traceparent: parent }, next);
      return;
    }
    // The path alone: what follows a `?` may be anybody's secret. The name stays one of few.
    const attributes = { 'http.request.method': request.method, 'url.path': request.path.slice(0, 100) };
    const serve = (traceparent: string): Promise<void> =>
      new Promise(resolve => {
        response.once('close', resolve);
        storage.run({ correlationId, traceparent }, next);
      });
    void tracer.span(request.method, parent, attributes, serve, 'server');
  };
}

export function currentTraceparent(): string | undefined {
  return storage.getStore()?.traceparent;
}

export function currentCorrelationId(): string {
  return storage.getStore()?.correlationId ?? randomUUID();
}
