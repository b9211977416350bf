/** When a circuit opens, for how long, and what closes it. */
export interface BreakerPolicy {
  /** So many failures within `withinMs` open it. */
  readonly failures: number;
  readonly withinMs: number;
  /** How long it stays open at first; doubled at each failed probe, up to `maxPauseMs`. Half of it is jitter. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  /** So many probes in a row close it. */
  readonly probes: number;
}

export const BREAKER_DEFAULTS: BreakerPolicy = {
  failures: 5,
  withinMs: 30_000,
  pauseMs: 30_000,
  maxPauseMs: 300_000,
  probes: 3,
};

/** A circuit as a value: JSON, so that processes can share it. Times are milliseconds, all of one clock: the engine's where processes share it. */
export interface BreakerState {
  readonly phase: 'closed' | 'open' | 'probing';
  /** When the failures that still count happened, oldest first. */
  readonly failures: readonly number[];
  /** While open: until when. */
  readonly until: number;
  /** Openings since it was last closed. */
  readonly openings: number;
  /** Probes that succeeded since it opened. */
  readonly successes: number;
  /** A call that began before the last change of phase, or in its millisecond, says nothing about the phase after it. */
  readonly changedAt: number;
}

export const CLOSED: BreakerState = {
  phase: 'closed',
  failures: [],
  until: 0,
  openings: 0,
  successes: 0,
  changedAt: -1,
};

export interface CallEnd {
  readonly beganAt: number;
  readonly endedAt: number;
}

/** `call`: go ahead. `probe`: one may, to find out. Otherwise the milliseconds to wait. */
export function mayCall(state: BreakerState, now: number): 'call' | 'probe' | number {
  if (state.phase === 'closed') return 'call';
  return state.phase === 'open' && now < state.until ? state.until - now : 'probe';
}

/** The circuit after a call that failed as a sick far side fails: a timeout, no connection, 5xx. */
export function afterFailure(
  policy: BreakerPolicy,
  state: BreakerState,
  { beganAt, endedAt }: CallEnd,
  random: () => number = Math.random,
): BreakerState {
  if (beganAt <= state.changedAt) return state;
  if (state.phase !== 'closed') return opened(policy, state, endedAt, random);
  const failures = [...state.failures.filter(at => at > endedAt - policy.withinMs), endedAt];
  return failures.length >= policy.failures ? opened(policy, state, endedAt, random) : { ...state, failures };
}

/** The circuit after a call that the far side answered. The same object when that changes nothing. */
export function afterSuccess(policy: BreakerPolicy, state: BreakerState, { beganAt, endedAt }: CallEnd): BreakerState {
  if (state.phase === 'closed' || beganAt <= state.changedAt) return state;
  const successes = state.successes + 1;
  if (successes >= policy.probes) return { ...CLOSED, changedAt: endedAt };
  return { ...state, phase: 'probing', successes };
}

/** Open now, whatever was counted: what the far side said leaves no doubt. */
export function opened(
  policy: BreakerPolicy,
  state: BreakerState,
  now: number,
  random: () => number = Math.random,
): BreakerState {
  const openings = state.openings + 1;
  const pause = Math.min(policy.maxPauseMs, policy.pauseMs * 2 ** Math.min(openings - 1, 20));
  return {
    phase: 'open',
    failures: [],
    until: Math.round(now + pause * (0.5 + random() / 2)),
    openings,
    successes: 0,
    changedAt: now,
  };
}
