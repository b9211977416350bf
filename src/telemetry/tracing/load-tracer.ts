import { loadOptional, MissingPackageError } from '../../errors/index.ts';
import type { Tracer } from '../../tracing/index.ts';

/**
 * Where an SDK registers itself, as OpenTelemetry's API 1.9 has it (`internal/global-utils`): the test beside this file fails when that
 * changes. Without an SDK its API is not even loaded: 40 files that each worker would read at its start.
 */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

/**
 * The tracer of the OpenTelemetry SDK that was set up in this process before this is called; undefined without one. An app that has not
 * even OpenTelemetry's API has no SDK either.
 */
export async function loadTracer(): Promise<Tracer | undefined> {
  if (!(REGISTRY in globalThis)) return undefined;
  try {
    const { registeredTracer } = await loadOptional('@opentelemetry/api', 'traces', () => import('./index.ts'));
    return registeredTracer();
  } catch (cause) {
    if (cause instanceof MissingPackageError) return undefined;
    throw cause;
  }
}
