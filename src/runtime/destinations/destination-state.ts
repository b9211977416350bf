import { CLOSED, type BreakerState } from '../../resilience/index.ts';

/** What is shared about one destination. */
export interface DestinationState {
  readonly breaker: BreakerState;
  /** The far side asked to be left alone until then; milliseconds since 1970. */
  readonly quietUntil: number;
  /** What it failed with last, for people: nothing sensitive, one line. Left out while nothing is wrong with it. */
  readonly why?: string | undefined;
  /** When it was paused first, since it was last well. */
  readonly since?: number | undefined;
  /** The job that found that out, and waits until it may be tried again: where no other does, it is the one to find out more. */
  readonly job?: string | undefined;
}

const FREE: DestinationState = { breaker: CLOSED, quietUntil: 0 };

/**
 * How a circuit is stored: flat, with every field in every phase, as 0.1 wrote it. During a rolling deploy hosts of that release read it, and count on
 * each field.
 */
interface StoredBreaker {
  readonly phase: BreakerState['phase'];
  readonly failures: readonly number[];
  readonly until: number;
  readonly openings: number;
  readonly successes: number;
  readonly changedAt: number;
}

const EMPTY = { failures: [], until: 0, openings: 0, successes: 0 };

/** As it is stored: JSON. */
export function storedForm({ breaker, quietUntil, why, since, job }: DestinationState): {
  readonly breaker: StoredBreaker;
  readonly quietUntil: number;
  readonly why?: string;
  readonly since?: number;
  readonly job?: string;
} {
  const told = {
    ...(why !== undefined && { why }),
    ...(since !== undefined && { since }),
    ...(job !== undefined && { job }),
  };
  return { breaker: { ...EMPTY, ...breaker }, quietUntil, ...told };
}

/** What is stored, by this release or another. A shape that is not known says nothing about the destination, so its jobs run. */
export function stateIn(value: unknown): DestinationState {
  if (typeof value !== 'object' || value === null) return FREE;
  const { breaker: stored, quietUntil, why, since, job }: Partial<Record<keyof DestinationState, unknown>> = value;
  const breaker = breakerIn(stored);
  if (breaker === undefined || quietUntil === undefined) return FREE;
  // A release that does not know them has written no story.
  return {
    breaker,
    quietUntil: numberIn(quietUntil),
    ...(typeof why === 'string' && { why }),
    ...(typeof since === 'number' && { since }),
    ...(typeof job === 'string' && { job }),
  };
}

function breakerIn(value: unknown): BreakerState | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { phase, failures, until, openings, successes, changedAt }: Partial<Record<keyof StoredBreaker, unknown>> =
    value;
  const shared = { openings: numberIn(openings), changedAt: numberIn(changedAt) };
  switch (phase) {
    case 'closed': {
      const times = Array.isArray(failures) ? failures.filter(at => typeof at === 'number') : [];
      return { phase, failures: times, changedAt: shared.changedAt };
    }
    case 'open':
      return { phase, until: numberIn(until), ...shared };
    case 'probing':
      return { phase, successes: numberIn(successes), ...shared };
    default:
      return undefined;
  }
}

function numberIn(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** When jobs may be tried again, as far as is known; in the past where nothing holds them back but probes that are under way. */
export function pausedUntil({ breaker, quietUntil }: DestinationState): number {
  return Math.max(breaker.phase === 'open' ? breaker.until : 0, quietUntil);
}
