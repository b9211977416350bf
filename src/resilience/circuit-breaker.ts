import { callWithin } from './call-within.ts';
import { CircuitOpenError } from './circuit-open-error.ts';
import { hasCode, InvalidOptionsError, kindOf, requireKnown, shown } from '../errors/index.ts';
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
  /** A call that has not settled by then has failed, whatever `counts` says: 30 s by default. */
  readonly timeoutMs?: number;
  /** Which errors speak against the far side; all when left out. */
  readonly counts?: (error: unknown) => boolean;
}

const KNOWN: ReadonlySet<string> = new Set(['name', 'timeoutMs', 'counts', ...Object.keys(BREAKER_DEFAULTS)]);
const TIMEOUT_MS = 30_000;

/**
 * A circuit breaker for calls outside of jobs, in one process. (Jobs have theirs by destination, shared by all workers.)
 *
 * Use: `const breaker = new CircuitBreaker({ name: 'search' }); await breaker.run(() => fetch(...))`.
 */
export class CircuitBreaker {
  readonly #name: string;
  readonly #policy: BreakerPolicy;
  readonly #timeoutMs: number;
  readonly #counts: (error: unknown) => boolean;
  /** In monotonic time: a clock that is set neither opens it nor keeps it open. */
  #state: BreakerState = CLOSED;
  #probing = false;

  /** @throws InvalidOptionsError */
  constructor(options: CircuitBreakerOptions) {
    requireKnown('the options of a CircuitBreaker', options, KNOWN);
    const { name, counts = () => true, timeoutMs = TIMEOUT_MS, ...policy } = options;
    if (typeof name !== 'string') {
      throw new InvalidOptionsError(`Expected name of a CircuitBreaker to be a text, got ${kindOf(name)}.`);
    }
    if (typeof counts !== 'function') {
      throw new InvalidOptionsError(
        `Expected counts of circuit breaker "${name}" to be a function, got ${kindOf(counts)}.`,
      );
    }
    this.#name = name;
    this.#timeoutMs = checkedInteger(name, 'timeoutMs', timeoutMs);
    this.#counts = counts;
    this.#policy = checkedPolicy(name, policy);
  }

  get phase(): BreakerState['phase'] {
    return this.#state.phase;
  }

  /**
   * Makes the call and rejects as it does, or with CallTimeoutError when it does not settle in time; the signal that it is given is
   * aborted then. A probe that never settles keeps the circuit open for that long and no longer.
   * @throws CircuitOpenError, without calling, while the circuit is open
   */
  async run<Value>(call: (signal: AbortSignal) => Value | Promise<Value>): Promise<Value> {
    const beganAt = performance.now();
    const may = mayCall(this.#state, beganAt);
    if (typeof may === 'number') throw new CircuitOpenError(this.#name, Math.ceil(may));
    const probe = may === 'probe';
    if (probe && this.#probing) throw new CircuitOpenError(this.#name, 0);
    if (probe) this.#probing = true;
    try {
      const value = await callWithin({ what: `a call to "${this.#name}"`, limitMs: this.#timeoutMs }, call);
      this.#state = afterSuccess(this.#policy, this.#state, { beganAt, endedAt: performance.now() });
      return value;
    } catch (error) {
      const end = { beganAt, endedAt: performance.now() };
      const after = hasCode(error, 'CALL_TIMEOUT') || this.#counts(error) ? afterFailure : afterSuccess;
      this.#state = after(this.#policy, this.#state, end);
      throw error;
    } finally {
      if (probe) this.#probing = false;
    }
  }
}

/** With a number that is none a circuit would never open, or never close. */
function checkedPolicy(name: string, policy: Partial<BreakerPolicy>): BreakerPolicy {
  const checked = (field: keyof BreakerPolicy): number =>
    checkedInteger(name, field, policy[field] ?? BREAKER_DEFAULTS[field]);
  return {
    failures: checked('failures'),
    withinMs: checked('withinMs'),
    pauseMs: checked('pauseMs'),
    maxPauseMs: checked('maxPauseMs'),
    probes: checked('probes'),
  };
}

function checkedInteger(name: string, field: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidOptionsError(
    `Expected ${field} of circuit breaker "${name}" to be an integer >= 1, got ${shown(value)}.`,
  );
}
