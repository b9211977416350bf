import { randomBytes } from 'node:crypto';
import type { Tracer } from '../contracts/index.ts';

/** Trace context without a tracing library: each span continues its parent's trace, or begins one. Nothing is recorded. */
export const plainTracer: Tracer = {
  span: (_name, parent, _attributes, work) => work(continueTrace(parent)),
};

/** A new span's traceparent: the parent's trace and flags, or a new trace that is not sampled. */
export function continueTrace(parent: string | undefined): string {
  const span = randomBytes(8).toString('hex');
  if (parent === undefined) return `00-${randomBytes(16).toString('hex')}-${span}-00`;
  return `${parent.slice(0, 36)}${span}${parent.slice(52)}`;
}
