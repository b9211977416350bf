import { loadOptional, MissingPackageError } from '../../errors/index.ts';
import type { Tracer } from '../../tracing/index.ts';

/**
 * The tracer of the OpenTelemetry SDK that was set up in this process before this is called; undefined without one. An app that has not
 * even OpenTelemetry's API has no SDK either.
 */
export async function loadTracer(): Promise<Tracer | undefined> {
  try {
    const { registeredTracer } = await loadOptional('@opentelemetry/api', 'traces', () => import('./index.ts'));
    return registeredTracer();
  } catch (cause) {
    if (cause instanceof MissingPackageError) return undefined;
    throw cause;
  }
}
