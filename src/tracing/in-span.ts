import { causedBy, currentCause } from './cause.ts';

/**
 * Runs a call to another system, such as a mail server, as a span of the run that makes it. Without a tracer it is the call and
 * nothing else. Attributes go to whoever collects traces: hosts and sizes, no personal data.
 */
export function inSpan<Result>(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  call: () => Promise<Result>,
): Promise<Result> {
  const cause = currentCause();
  if (cause?.tracer === undefined) return call();
  return cause.tracer.span(
    name,
    cause.traceparent,
    attributes,
    traceparent => causedBy({ ...cause, traceparent }, call),
    'client',
  );
}
