import { BusUnavailableError } from './bus-unavailable-error.ts';
import { CircuitOpenError, CircuitBreaker, retry } from '../../resilience/index.ts';
import { hasCode, InvalidOptionsError } from '../../errors/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';

export interface PublishPolicy {
  /** Tries at most, the first included. 3 by default. */
  readonly attempts: number;
  /** The bound of the first wait between tries, doubled each time; 50 ms by default. */
  readonly baseDelay: Duration;
  /** A second try and the waits end by then: whoever publishes has somebody waiting. 1 s by default. */
  readonly deadline: Duration;
}

const POLICY: PublishPolicy = { attempts: 3, baseDelay: '50ms', deadline: '1s' };

/**
 * Publishes with bounded tries, and stops asking a transport that is away. What was not acknowledged is an error in the end, never
 * silence; a try that was answered too late makes a second copy with the same id.
 */
export class SteadySend {
  readonly #transport: string;
  readonly #policy: { readonly attempts: number; readonly baseDelayMs: number; readonly deadlineMs: number };
  readonly #breaker: CircuitBreaker;

  /** @throws InvalidOptionsError */
  constructor(transport: string, policy: Partial<PublishPolicy> = {}) {
    this.#transport = transport;
    const { attempts, baseDelay, deadline } = { ...POLICY, ...policy };
    if (!Number.isInteger(attempts) || attempts < 1 || attempts > 100) {
      throw new InvalidOptionsError(`Expected attempts of retry to be an integer from 1 to 100, got ${attempts}.`);
    }
    this.#policy = {
      attempts,
      baseDelayMs: toMilliseconds(baseDelay, 'baseDelay'),
      deadlineMs: toMilliseconds(deadline, 'deadline'),
    };
    this.#breaker = new CircuitBreaker({
      name: transport,
      counts: isUnavailable,
      failures: 5,
      withinMs: 10_000,
      // Short: the link comes back by itself, and what is refused meanwhile is the caller's loss.
      pauseMs: 1_000,
      maxPauseMs: 2_000,
      // Beyond what a transport takes by itself: only one that never settles meets it.
      timeoutMs: 5_000,
      probes: 1,
    });
  }

  /** @throws BusUnavailableError; whatever else `send` rejects with is passed on at once */
  async send(what: string, send: () => Promise<void>): Promise<void> {
    const beganAt = performance.now();
    try {
      await this.#breaker.run(send);
    } catch (error) {
      await this.#insist(what, send, beganAt, error).catch((cause: unknown) => {
        throw hasCode(cause, 'CALL_TIMEOUT')
          ? new BusUnavailableError(this.#transport, what, 'no answer came in time')
          : cause;
      });
    }
  }

  /** The tries after the first, which nearly always is the only one: that one goes without the preparations for others. */
  async #insist(what: string, send: () => Promise<void>, beganAt: number, first: unknown): Promise<void> {
    const { attempts, baseDelayMs, deadlineMs } = this.#policy;
    try {
      await retry(attempt => (attempt === 1 ? Promise.reject(first) : this.#breaker.run(send)), {
        maxAttempts: attempts,
        baseDelay: baseDelayMs,
        deadline: Math.max(0, Math.ceil(beganAt + deadlineMs - performance.now())),
        retryable: isUnavailable,
      });
    } catch (error) {
      if (!(error instanceof CircuitOpenError)) throw error;
      throw new BusUnavailableError(this.#transport, what, 'it did not answer lately, and is asked again in a moment');
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return hasCode(error, 'BUS_UNAVAILABLE');
}
