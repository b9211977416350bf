import {
  afterFailure,
  afterSuccess,
  isOfEarlierPhase,
  notedAtOf,
  opened,
  type BreakerPolicy,
  type CallEnd,
} from '../../resilience/index.ts';
import { withoutAhead } from './pauses-ahead.ts';
import type { StateStore } from '../../state/index.ts';
import { stateIn, storedForm, type DestinationState } from './destination-state.ts';

export type Finding =
  /** It answered. */
  | { readonly what: 'well' }
  /** It failed as a sick far side fails. */
  | { readonly what: 'failed' }
  /** It said that nothing works now, such as: these credentials are wrong. */
  | { readonly what: 'down' }
  /** It asked for a pause. */
  | { readonly what: 'busy'; readonly quietMs: number };

/** When the call was made, and whether it was let through to find out. */
interface FoundBy extends CallEnd {
  readonly probes: boolean;
  /** What it failed with, as it may be stored. */
  readonly why?: string | undefined;
  readonly jobId?: string | undefined;
}

/** What is shared about a destination, and which writing of it this is; 0 where there is none. */
export interface SharedState {
  readonly state: DestinationState;
  readonly version: number;
}

export const DESTINATIONS = 'hold';
const KEPT_MS = 86_400_000;

/** The circuits of all destinations, shared by every worker through the small state. A well destination costs no write. */
export class SharedBreaker {
  readonly #store: StateStore;
  readonly #now: () => number;

  /** `now`: as the ends of calls are told. */
  constructor(store: StateStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async read(key: string): Promise<SharedState> {
    const entry = await this.#store.get(DESTINATIONS, key);
    return { state: stateIn(entry?.value), version: entry?.version ?? 0 };
  }

  /** Answers which writing it is; undefined where others have written since the one that was read. */
  write(key: string, state: DestinationState, version: number): Promise<number | undefined> {
    return this.#store.compareAndSet(DESTINATIONS, key, version, storedForm(state), KEPT_MS);
  }

  /** Notes what a call found out. Answers what was shared before and what is now. */
  async note(
    key: string,
    policy: BreakerPolicy,
    finding: Finding,
    call: FoundBy,
  ): Promise<{ readonly before: DestinationState; readonly after: DestinationState; readonly version: number }> {
    for (;;) {
      const { state: before, version } = await this.read(key);
      // Asked anew: what is shared may have been away since the call ended, or been changed by others.
      const noted = { ...call, notedAt: Math.max(call.endedAt, this.#now()) };
      const known = withoutAhead(before, policy, noted.notedAt);
      const after = withStory(before, next(known, policy, finding, noted), call);
      if (after === before) return { before, after, version };
      const written = await this.write(key, after, version);
      if (written !== undefined) return { before, after, version: written };
    }
  }
}

/** A destination that is well has no story. */
function withStory(
  before: DestinationState,
  after: DestinationState,
  { why, endedAt, jobId }: FoundBy,
): DestinationState {
  if (after === before) return before;
  const { breaker, quietUntil } = after;
  const isPaused = breaker.phase !== 'closed' || quietUntil > endedAt;
  if (!isPaused && (breaker.phase !== 'closed' || breaker.failures.length === 0)) return { breaker, quietUntil };
  return {
    breaker,
    quietUntil,
    why: why ?? before.why,
    since: isPaused ? (before.since ?? endedAt) : undefined,
    job: jobId ?? before.job,
  };
}

function next(state: DestinationState, policy: BreakerPolicy, finding: Finding, call: FoundBy): DestinationState {
  const { breaker } = state;
  // Begun before all knew of the pause: what is found out about the circuit from now on is for its probes to say.
  if (breaker.phase !== 'closed' && !call.probes && finding.what !== 'busy') return state;
  switch (finding.what) {
    case 'busy': {
      const quietUntil = Math.max(state.quietUntil, call.endedAt + finding.quietMs);
      const answered = call.probes ? afterSuccess(policy, breaker, call) : breaker;
      return quietUntil === state.quietUntil && answered === breaker ? state : { breaker: answered, quietUntil };
    }
    case 'well': {
      const answered = afterSuccess(policy, breaker, call);
      return answered === breaker ? state : { ...state, breaker: answered };
    }
    case 'failed': {
      const failed = afterFailure(policy, breaker, call);
      return failed === breaker ? state : { ...state, breaker: failed };
    }
    case 'down':
      if (isOfEarlierPhase(breaker, call)) return state;
      return { ...state, breaker: opened(policy, breaker, notedAtOf(call)) };
  }
}
