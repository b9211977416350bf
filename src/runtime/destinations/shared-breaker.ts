import {
  afterFailure,
  afterSuccess,
  CLOSED,
  opened,
  type BreakerPolicy,
  type BreakerState,
} from '../../resilience/index.ts';
import type { StateStore } from '../../state/index.ts';

/** What is shared about one destination. */
export interface Hold {
  readonly breaker: BreakerState;
  /** The far side asked to be left alone until then; milliseconds since 1970. */
  readonly quietUntil: number;
}

export type Finding =
  /** It answered. */
  | { readonly what: 'well' }
  /** It failed as a sick far side fails. */
  | { readonly what: 'failed' }
  /** It said that nothing works now, such as: these credentials are wrong. */
  | { readonly what: 'down' }
  /** It asked for a pause. */
  | { readonly what: 'busy'; readonly quietMs: number };

export const HOLDS = 'hold';
const FREE: Hold = { breaker: CLOSED, quietUntil: 0 };
const KEPT_MS = 86_400_000;

/** The circuits of all destinations, shared by every worker through the small state. A well destination costs no write. */
export class SharedBreaker {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  async read(key: string): Promise<Hold> {
    return holdIn((await this.#store.get(HOLDS, key))?.value);
  }

  /** Notes what a call found out. Answers what was shared before and what is now. */
  async note(
    key: string,
    policy: BreakerPolicy,
    finding: Finding,
    call: { readonly beganAt: number; readonly endedAt: number },
  ): Promise<{ readonly before: Hold; readonly after: Hold }> {
    for (;;) {
      const entry = await this.#store.get(HOLDS, key);
      const before = holdIn(entry?.value);
      const after = next(before, policy, finding, call);
      if (after === before) return { before, after };
      const written = await this.#store.compareAndSet(HOLDS, key, entry?.version ?? 0, after, KEPT_MS);
      if (written !== undefined) return { before, after };
    }
  }
}

function next(
  hold: Hold,
  policy: BreakerPolicy,
  finding: Finding,
  call: { readonly beganAt: number; readonly endedAt: number },
): Hold {
  const { breaker } = hold;
  switch (finding.what) {
    case 'busy': {
      const quietUntil = Math.max(hold.quietUntil, call.endedAt + finding.quietMs);
      const answered = afterSuccess(policy, breaker, call);
      return quietUntil === hold.quietUntil && answered === breaker ? hold : { breaker: answered, quietUntil };
    }
    case 'well': {
      const answered = afterSuccess(policy, breaker, call);
      return answered === breaker ? hold : { ...hold, breaker: answered };
    }
    case 'failed': {
      const failed = afterFailure(policy, breaker, call);
      return failed === breaker ? hold : { ...hold, breaker: failed };
    }
    case 'down':
      if (call.beganAt <= breaker.changedAt) return hold;
      return { ...hold, breaker: opened(policy, breaker, call.endedAt) };
  }
}

export function holdIn(value: unknown): Hold {
  // Written by this file alone, of this release or the last: a shape that is not known is none.
  if (typeof value !== 'object' || value === null || !('breaker' in value) || !('quietUntil' in value)) return FREE;
  return value as Hold;
}
