import { hasCode } from '../../errors/index.ts';
import { isDeliveryError } from '../../resilience/index.ts';
import type { Outcome } from '../run/outcome.ts';
import type { DestinationState } from './destination-state.ts';
import { LONGEST_QUIET_MS } from './pauses-ahead.ts';
import type { Finding } from './shared-breaker.ts';

/** What a far side may ask for. Less than the shortest would be no pause at all: its jobs would come back as fast as they can. */
const SHORTEST_QUIET_MS = 1_000;
/** A job that is asked to wait so often is not only in a crowd: from then on it is the job that is refused, and that has an end. */
const FREE_PAUSES = 20;

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
  readonly name: string;
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
  { name, state: { breaker, quietUntil }, waited, at }: Ended,
): Outcome {
  // What may have been done already is not simply done again.
  if (outcome.kind === 'dead' && outcome.reason !== 'attempts-exhausted') return outcome;
  if (finding.what === 'busy') {
    if (waited >= FREE_PAUSES) return outcome;
    // A pause that the far side asks for does not shorten the contract's own.
    const own = outcome.kind === 'retry' ? at + outcome.afterMs : 0;
    return waits(Math.max(quietUntil, own), `${name} has asked for a pause`);
  }
  if (finding.what === 'well' || breaker.phase === 'closed') return outcome;
  return waits(breaker.phase === 'open' ? Math.max(breaker.until, at) : at, `${name} is paused: it keeps failing`);
}

/** Others of its group come first: the one that failed is not the one that finds out. */
function waits(until: number, reason: string): Outcome {
  return { kind: 'snoozed', untilMs: Math.ceil(until), reason, alarm: false };
}
