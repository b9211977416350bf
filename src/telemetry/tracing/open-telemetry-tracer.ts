import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  context,
  trace,
  type Span,
  type SpanContext,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { continueTrace, type Tracer } from '../../tracing/index.ts';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

const KINDS = {
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER,
} as const;

/**
 * Spans for what the platform does, by OpenTelemetry's API: give it to a bus, `connect()` or a worker as `tracer`. Without an SDK in the process nothing is
 * recorded, and trace context flows all the same. The span is active while its work runs, so that clients traced by others nest.
 */
export function openTelemetryTracer(tracer: OtelTracer = trace.getTracer('shiftwork')): Tracer {
  return {
    async span(name, parent, attributes, work, kind, linked = []) {
      const around = contextOf(parent);
      const links = linked.flatMap(each => remoteOf(each) ?? []).map(remote => ({ context: remote }));
      const span = tracer.startSpan(name, { attributes, kind: KINDS[kind ?? 'internal'], links }, around);
      try {
        return await context.with(trace.setSpan(around, span), () => work(traceparentOf(span, parent)));
      } catch (error) {
        // The message may carry what a contract calls sensitive: the class alone is recorded.
        span.setStatus({ code: SpanStatusCode.ERROR, message: classOf(error) });
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

/**
 * The caller's own context where there is no traceparent, such as a traced request; also where that is in the same trace: then it is
 * the nearer one, made by an instrumentation of the request whose header the traceparent was.
 */
function contextOf(parent: string | undefined) {
  const remote = remoteOf(parent ?? '');
  if (remote === undefined || trace.getSpanContext(context.active())?.traceId === remote.traceId)
    return context.active();
  return trace.setSpanContext(ROOT_CONTEXT, remote);
}

function remoteOf(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}

function traceparentOf(span: Span, parent: string | undefined): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  // Without an SDK a span is none, or its parent over again.
  if (!isSpanContextValid(span.spanContext()) || parent?.includes(spanId)) return continueTrace(parent);
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** A name that was written by hand may hold anything. */
function classOf(error: unknown): string {
  if (!(error instanceof Error)) return 'not an Error';
  return /^[A-Z][A-Za-z]{0,60}$/.test(error.name) ? error.name : 'Error';
}
