import { InvalidOptionsError } from '../../errors/index.ts';
import { toMilliseconds, YEAR_MS, type Duration } from '../../time/index.ts';

/** What a handler decides of its run. Return it or throw it. Made by the functions below: a value of the same shape is a plain result. */
export type HandlerDecision =
  | RetryDecision
  | { readonly kind: 'decision'; readonly what: 'snooze'; readonly forMs: number; readonly reason: string }
  | { readonly kind: 'decision'; readonly what: 'cancel'; readonly reason: string }
  | DeadDecision;

export interface RetryDecision {
  readonly kind: 'decision';
  readonly what: 'retry';
  readonly afterMs: number;
  readonly reason: string;
}

export interface DeadDecision {
  readonly kind: 'decision';
  readonly what: 'dead';
  readonly reason: string;
}

/** Not a private symbol: an app may have loaded two copies of the package. */
const MADE_HERE = Symbol.for('shiftwork.outcome');

/** With less a job would come back as fast as it can: 2,300 times a second on Redis (measured, `snooze(0)`). */
const SHORTEST_SNOOZE_MS = 1_000;

/**
 * This attempt failed; try again after the given time instead of the contract's backoff.
 * @throws InvalidOptionsError for what is no duration, or above a year
 */
export function retryAfter(delay: Duration, reason: string): RetryDecision {
  return decision({
    kind: 'decision',
    what: 'retry',
    afterMs: atMostAYear(delay, 'retryAfter'),
    reason: textOf(reason),
  });
}

/**
 * Not now: come back after the given time, a second at least. No attempt is spent.
 * @throws InvalidOptionsError for what is no duration, or above a year
 */
export function snooze(duration: Duration, reason: string): HandlerDecision {
  const forMs = Math.max(SHORTEST_SNOOZE_MS, atMostAYear(duration, 'snooze'));
  return decision({ kind: 'decision', what: 'snooze', forMs, reason: textOf(reason) });
}

/** The work is no longer wanted. */
export function cancel(reason: string): HandlerDecision {
  return decision({ kind: 'decision', what: 'cancel', reason: textOf(reason) });
}

/** Trying again cannot help: keep it as a dead letter. */
export function dead(reason: string): DeadDecision {
  return decision({ kind: 'decision', what: 'dead', reason: textOf(reason) });
}

export function isHandlerDecision(value: unknown): value is HandlerDecision {
  return typeof value === 'object' && value !== null && MADE_HERE in value && isWhole(value);
}

function decision<Said extends HandlerDecision>(said: Said): Said {
  return Object.assign(said, { [MADE_HERE]: true });
}

/** Another copy of the package may be another version of it. */
function isWhole(value: object): boolean {
  if (!('what' in value && 'reason' in value && typeof value.reason === 'string')) return false;
  switch (value.what) {
    case 'retry':
      return 'afterMs' in value && Number.isFinite(value.afterMs);
    case 'snooze':
      return 'forMs' in value && Number.isFinite(value.forMs);
    default:
      return value.what === 'cancel' || value.what === 'dead';
  }
}

function atMostAYear(duration: Duration, what: string): number {
  const ms = toMilliseconds(duration, what);
  if (ms <= YEAR_MS) return ms;
  throw new InvalidOptionsError(`Expected ${what} to be at most ${YEAR_MS} ms (a year), got ${ms}.`);
}

/** In JavaScript a reason may be left out, or be an error: what the handler decided counts all the same. */
function textOf(reason: unknown): string {
  if (typeof reason === 'string') return reason;
  try {
    return String(reason ?? 'no reason given');
  } catch {
    return 'a reason that is no text';
  }
}
