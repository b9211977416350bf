import { CallTimeoutError } from './call-timeout-error.ts';
import { LONGEST_TIMER_MS } from './longest-timer.ts';

export interface CallLimit {
  /** Completes "Expected ... to settle". */
  readonly what: string;
  /** Infinity: no limit but the signal's. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a call that may never settle, and settles all the same: rejects with CallTimeoutError when the time is over, or with the
 * signal's reason. The call's own signal is aborted then, so that it can stop; how it ends is nobody's business any more.
 */
export async function callWithin<Value>(
  { what, limitMs, signal }: CallLimit,
  call: (signal: AbortSignal) => Value | Promise<Value>,
): Promise<Value> {
  const own = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    ended.reject(reason);
    own.abort(reason);
  };
  const aborted = (): void => end(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', aborted, { once: true });
  const timer =
    limitMs <= LONGEST_TIMER_MS
      ? setTimeout(() => end(new CallTimeoutError(what, Math.round(limitMs))), Math.max(0, limitMs))
      : undefined;
  try {
    // An async function, so that one that throws at once rejects as well.
    return await Promise.race([(async () => call(own.signal))(), ended.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  }
}
