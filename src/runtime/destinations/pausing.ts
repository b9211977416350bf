import { hasCode } from '../../errors/index.ts';
import { isDeliveryError, mayCall } from '../../resilience/index.ts';
import type { Outcome } from '../run/outcome.ts';
import type { Destination } from './destination.ts';
import type { Finding, DestinationState } from './shared-breaker.ts';

/** Jobs of a paused destination come back over so long, not as one crowd. */
const SPREAD_MS = 10_000;
/** What a far side may ask for. Less than the shortest would be no pause at all: its jobs would come back as fast as they can. */
const SHORTEST_QUIET_MS = 1_000;
const LONGEST_QUIET_MS = 3_600_000;
/** A job that is asked to wait so often is not only in a crowd: from then on it is the job that is refused, and that has an end. */
const FREE_PAUSES = 20;

/** What was shared about a destination, and when it was read. */
export interface Look {
  readonly state: DestinationState;
  readonly at: number;
}

/** The job comes back later, no attempt spent. */
export interface Waits {
  readonly kind: 'waits';
  readonly outcome: Outcome;
}

/** The wait for a destination that has asked for a pause, or whose circuit is open; undefined when it may be called. */
export function pauseOf({ name }: Destination, { state, at }: Look): Waits | undefined {
  if (state.quietUntil > at) return waitFor(name, state.quietUntil, at);
  if (typeof mayCall(state.breaker, at) !== 'number') return undefined;
  return waits(state.breaker.until, `${name} is paused: it keeps failing`);
}

/** What the end of a run says about its destination; undefined when it says nothing. */
export function findingOf(outcome: Outcome): Finding | undefined {
  // A far side that has answered for some items of a chunk is there.
  if (outcome.kind === 'succeeded' || outcome.kind === 'divided') return { what: 'well' };
  if (outcome.kind !== 'retry' && outcome.kind !== 'dead') return undefined;
  const { error } = outcome;
  if (hasCode(error, 'JOB_TIMEOUT')) return { what: 'failed' };
  if (!isDeliveryError(error)) return undefined;
  if (error.failure === 'destination-down') return { what: 'down' };
  if (error.busy && error.retryAfterMs !== undefined) {
    return { what: 'busy', quietMs: Math.min(Math.max(error.retryAfterMs, SHORTEST_QUIET_MS), LONGEST_QUIET_MS) };
  }
  return error.failure === 'permanent' || error.busy ? { what: 'well' } : { what: 'failed' };
}

/** A run's end, as far as its destination is concerned. */
export interface Ended {
  readonly destination: Destination;
  /** What is shared about it now. */
  readonly state: DestinationState;
  /** How often the job was taken from its queue without an attempt. */
  readonly waited: number;
  readonly at: number;
}

/**
 * A failure that the destination's sickness, or the pause that it asks for, explains spends no attempt, and ends no job.
 */
export function pausedOutcome(
  outcome: Outcome,
  finding: Finding,
  { destination: { name }, state: { breaker, quietUntil }, waited, at }: Ended,
): Outcome {
  // What may have been done already is not simply done again.
  if (outcome.kind === 'dead' && outcome.reason !== 'attempts-exhausted') return outcome;
  if (finding.what === 'busy') {
    if (waited >= FREE_PAUSES) return outcome;
    return notBefore(at, outcome, waitFor(name, quietUntil, at).outcome);
  }
  if (finding.what === 'well' || breaker.phase === 'closed') return outcome;
  const { outcome: waiting } = waits(breaker.until, `${name} is paused: it keeps failing`);
  return waiting;
}

/** A pause that the far side asks for does not shorten the contract's own. */
function notBefore(at: number, own: Outcome, asked: Outcome): Outcome {
  if (own.kind !== 'retry' || asked.kind !== 'snoozed') return asked;
  return { ...asked, untilMs: Math.max(asked.untilMs, at + own.afterMs) };
}

/** A short pause is not drawn out: they come back over as long again. */
function waitFor(name: string, until: number, at: number): Waits {
  return waits(until, `${name} has asked for a pause`, Math.min(SPREAD_MS, Math.max(0, until - at)));
}

export function waits(until: number, reason: string, spreadMs = SPREAD_MS): Waits {
  const untilMs = Math.ceil(until + Math.random() * spreadMs) + 1;
  return { kind: 'waits', outcome: { kind: 'snoozed', untilMs, reason, alarm: false } };
}
