import { CircuitOpenError } from './circuit-open-error.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import {
  afterFailure,
  afterSuccess,
  BREAKER_DEFAULTS,
  CLOSED,
  mayCall,
  type BreakerPolicy,
  type BreakerState,
} from './breaker-state.ts';

export interface CircuitBreakerOptions extends Partial<BreakerPolicy> {
  /** In messages. */
  readonly name: string;
  /** Which errors speak against the far side; all when left out. */
  readonly counts?: (error: unknown) => boolean;
}

/**
 * A circuit breaker for calls outside of jobs, in one process. (Jobs have theirs by destination, shared by all workers.)
 *
 * Use: `const breaker = new CircuitBreaker({ name: 'search' }); await breaker.run(() => fetch(...))`.
 */
export class CircuitBreaker {
  readonly #name: string;
  readonly #policy: BreakerPolicy;
  readonly #counts: (error: unknown) => boolean;
  #state: BreakerState = CLOSED;
  #probing = false;

  /** @throws InvalidOptionsError */
  constructor({ name, counts = () => true, ...policy }: CircuitBreakerOptions) {
    this.#name = name;
    this.#counts = counts;
    this.#policy = checkedPolicy(name, policy);
  }

  get phase(): BreakerState['phase'] {
    return this.#state.phase;
  }

  /** Makes the call and rejects as it does. @throws CircuitOpenError, without calling, while the circuit is open */
  async run<Value>(call: () => Value | Promise<Value>): Promise<Value> {
    const beganAt = Date.now();
    const may = mayCall(this.#state, beganAt);
    if (typeof may === 'number') throw new CircuitOpenError(this.#name, may);
    const probe = may === 'probe';
    if (probe && this.#probing) throw new CircuitOpenError(this.#name, 0);
    if (probe) this.#probing = true;
    try {
      const value = await call();
      this.#state = afterSuccess(this.#policy, this.#state, { beganAt, endedAt: Date.now() });
      return value;
    } catch (error) {
      const end = { beganAt, endedAt: Date.now() };
      const after = this.#counts(error) ? afterFailure : afterSuccess;
      this.#state = after(this.#policy, this.#state, end);
      throw error;
    } finally {
      if (probe) this.#probing = false;
    }
  }
}

/** With a number that is none a circuit would never open, or never close. */
function checkedPolicy(name: string, policy: Partial<BreakerPolicy>): BreakerPolicy {
  const checked = (field: keyof BreakerPolicy): number => {
    const value = policy[field] ?? BREAKER_DEFAULTS[field];
    if (Number.isInteger(value) && value >= 1) return value;
    throw new InvalidOptionsError(
      `Expected ${field} of circuit breaker "${name}" to be an integer >= 1, got ${value}.`,
    );
  };
  return {
    failures: checked('failures'),
    withinMs: checked('withinMs'),
    pauseMs: checked('pauseMs'),
    maxPauseMs: checked('maxPauseMs'),
    probes: checked('probes'),
  };
}
