import { ProxyTracerProvider, trace } from '@opentelemetry/api';
import type { Tracer } from '../../tracing/index.ts';
import { openTelemetryTracer } from './open-telemetry-tracer.ts';

/**
 * The tracer of the OpenTelemetry SDK that was set up in this process before it is asked for; undefined without one, so that nothing
 * stands in the way of a job where nobody traces.
 */
export function registeredTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  // The API hands out a stand-in until an SDK puts itself behind it.
  const isStandIn = provider instanceof ProxyTracerProvider && provider.getDelegateTracer('shiftwork') === undefined;
  return isStandIn ? undefined : openTelemetryTracer();
}
