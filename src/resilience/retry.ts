import { InvalidOptionsError, kindOf, requireKnown, shown } from '../errors/index.ts';
import { toMilliseconds, type Duration } from '../time/index.ts';
import { callWithin } from './call-within.ts';
import { LONGEST_TIMER_MS } from './longest-timer.ts';
import { stemsFromOutage } from './outage/index.ts';

export interface RetryOptions {
  /** Calls at most, the first included. 3 by default. */
  readonly maxAttempts?: number;
  /** The bound of the first wait, doubled each time. 100 ms by default. */
  readonly baseDelay?: Duration;
  /** The bound of every wait. 10 s by default. */
  readonly maxDelay?: Duration;
  /**
   * All of it ends by then: no wait is begun that would pass it, and a call that is under way is given up, with its signal aborted and
   * CallTimeoutError. No limit by default.
   */
  readonly deadline?: Duration;
  /** Which errors another try can help. By default those that `isRetryable` knows. */
  readonly retryable?: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
}

const KNOWN: ReadonlySet<string> = new Set<keyof RetryOptions>([
  'maxAttempts',
  'baseDelay',
  'maxDelay',
  'deadline',
  'retryable',
  'signal',
]);

/** An outage, by the codes that networks, drivers and this project give, of the error or of what caused it. */
export function isRetryable(error: unknown): boolean {
  return stemsFromOutage(error);
}

/**
 * Calls until it succeeds, for use outside of jobs (jobs have their own retries: one layer is enough). Waits with full jitter, also at
 * the bound. Rejects with the last error, with the signal's reason, or at the deadline; a call that never settles does not hold it up.
 * @throws InvalidOptionsError
 */
export async function retry<Value>(
  call: (attempt: number, signal: AbortSignal) => Value | Promise<Value>,
  options: RetryOptions = {},
): Promise<Value> {
  requireKnown('the options of retry()', options, KNOWN);
  const { maxAttempts = 3, baseDelay = 100, maxDelay = '10s', deadline, retryable = isRetryable, signal } = options;
  if (typeof call !== 'function') {
    throw new InvalidOptionsError(`Expected retry(call, options) to get a function to call, got ${kindOf(call)}.`);
  }
  if (typeof retryable !== 'function') {
    throw new InvalidOptionsError(`Expected retryable to be a function of the error, got ${kindOf(retryable)}.`);
  }
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw new InvalidOptionsError(`Expected signal to be an AbortSignal, got ${kindOf(signal)}.`);
  }
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new InvalidOptionsError(`Expected maxAttempts to be an integer >= 1, got ${shown(maxAttempts)}.`);
  }
  const baseMs = toMilliseconds(baseDelay, 'baseDelay');
  const maxMs = Math.min(toMilliseconds(maxDelay, 'maxDelay'), LONGEST_TIMER_MS);
  const endsAt = deadline === undefined ? Infinity : performance.now() + toMilliseconds(deadline, 'deadline');
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      const limit = { what: 'a call that is retried', limitMs: Math.ceil(endsAt - performance.now()), signal };
      return await callWithin(limit, own => call(attempt, own));
    } catch (error) {
      signal?.throwIfAborted();
      const waitMs = Math.random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 52));
      if (attempt >= maxAttempts || !retryable(error) || performance.now() + waitMs >= endsAt) throw error;
      await wait(waitMs, signal);
    }
  }
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(ended, ms);
    function ended(): void {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }
    function aborted(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
