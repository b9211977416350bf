/** Which work follows from which: the cause that code runs in, W3C trace context, spans as the platform names them. */
export { causedBy, currentCause, type Cause } from './cause.ts';
export { inSpan } from './in-span.ts';
export { continueTrace, plainTracer } from './plain-tracer.ts';
export type { Tracer } from './tracer.ts';
