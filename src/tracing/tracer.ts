/** What a span stands for: work put into a queue, work taken out of one, a call to another system, a request that is answered. */
export type SpanKind = 'producer' | 'consumer' | 'client' | 'server';

/**
 * Who makes spans. The platform names where one begins and which one it continues; a listener with a tracing library turns that
 * into spans, and without one W3C trace context flows all the same.
 */
export interface Tracer {
  /**
   * Runs `work` as a span that continues `parent` (a W3C traceparent; undefined: a new trace).
   * `work` gets the traceparent of the span; what it rejects with is the span's error and the caller's.
   */
  span<Result>(
    name: string,
    parent: string | undefined,
    attributes: Readonly<Record<string, string | number>>,
    work: (traceparent: string) => Promise<Result>,
    kind?: SpanKind,
    /** Traceparents of what it follows from beside its parent. */
    links?: readonly string[],
  ): Promise<Result>;
}
