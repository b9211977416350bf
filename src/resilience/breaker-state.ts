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

/** A circuit as a value. Times are milliseconds, all of one clock: the engine's where processes share it. */
export type BreakerState = ClosedBreaker | OpenBreaker | ProbingBreaker;

export interface ClosedBreaker {
  readonly phase: 'closed';
  /** When the failures that still count happened, oldest first. */
  readonly failures: readonly number[];
  /** A call that began before the last change of phase, or in its millisecond, says nothing about the phase after it. */
  readonly changedAt: number;
}

export interface OpenBreaker {
  readonly phase: 'open';
  readonly until: number;
  /** Openings since it was last closed, this one among them. */
  readonly openings: number;
  readonly changedAt: number;
}

export interface ProbingBreaker {
  readonly phase: 'probing';
  readonly openings: number;
  /** Probes that succeeded since it opened. */
  readonly successes: number;
  readonly changedAt: number;
}

export const CLOSED: ClosedBreaker = { phase: 'closed', failures: [], changedAt: -1 };

export interface CallEnd {
  readonly beganAt: number;
  readonly endedAt: number;
  /** When it is taken into account, where that is later: what processes share may have been away meanwhile, for longer than clocks may differ. */
  readonly notedAt?: number;
}

/**
 * Processes that share a clock agree on it to a moment. What lies further ahead was written before that clock went back: compared with what is now, a
 * circuit would count no failure until the clock has come there again.
 */
export const GONE_BACK_MS = 10_000;

/** Whether the call says nothing about the phase that the circuit is in: it began before that. */
export function isOfEarlierPhase({ changedAt }: BreakerState, call: CallEnd): boolean {
  return call.beganAt <= changedAt && changedAt <= notedAtOf(call) + GONE_BACK_MS;
}

/** By now, and not by the end of the call, others change the circuit and learn that it has changed. */
export function notedAtOf({ endedAt, notedAt = endedAt }: CallEnd): number {
  return notedAt;
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
  call: CallEnd,
  random: () => number = Math.random,
): BreakerState {
  if (isOfEarlierPhase(state, call)) return state;
  const now = notedAtOf(call);
  if (state.phase !== 'closed') return opened(policy, state, now, random);
  const counts = (at: number): boolean => at > now - policy.withinMs && at <= now + GONE_BACK_MS;
  const failures = [...state.failures, call.endedAt].filter(counts);
  return failures.length >= policy.failures ? opened(policy, state, now, random) : { ...state, failures };
}

/** The circuit after a call that the far side answered. The same object when that changes nothing. */
export function afterSuccess(policy: BreakerPolicy, state: BreakerState, call: CallEnd): BreakerState {
  if (state.phase === 'closed' || isOfEarlierPhase(state, call)) return state;
  const successes = (state.phase === 'probing' ? state.successes : 0) + 1;
  if (successes >= policy.probes) return { ...CLOSED, changedAt: notedAtOf(call) };
  return { phase: 'probing', openings: state.openings, successes, changedAt: state.changedAt };
}

/** Open now, whatever was counted: what the far side said leaves no doubt. */
export function opened(
  policy: BreakerPolicy,
  state: BreakerState,
  now: number,
  random: () => number = Math.random,
): OpenBreaker {
  const openings = openingsOf(state) + 1;
  const pause = Math.min(policy.maxPauseMs, policy.pauseMs * 2 ** Math.min(openings - 1, 20));
  return { phase: 'open', until: Math.round(now + pause * (0.5 + random() / 2)), openings, changedAt: now };
}

/** How often it has opened since it was last closed. */
export function openingsOf(state: BreakerState): number {
  return state.phase === 'closed' ? 0 : state.openings;
}
