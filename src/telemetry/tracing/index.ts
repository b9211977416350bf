/**
 * Spans through OpenTelemetry. Loads its API, which whoever traces has installed with an SDK.
 *
 * @module
 */
export { openTelemetryTracer } from './open-telemetry-tracer.ts';
export { registeredTracer } from './registered-tracer.ts';
