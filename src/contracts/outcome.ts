import { toMilliseconds, type Duration } from '../time/index.ts';

/** What became of a run, said by the handler itself. Return it or throw it. */
export type Outcome =
  | { readonly kind: 'outcome'; readonly what: 'retry'; readonly afterMs: number; readonly reason: string }
  | { readonly kind: 'outcome'; readonly what: 'snooze'; readonly forMs: number; readonly reason: string }
  | { readonly kind: 'outcome'; readonly what: 'cancel'; readonly reason: string }
  | { readonly kind: 'outcome'; readonly what: 'dead'; readonly reason: string };

/** This attempt failed; try again after the given time instead of the contract's backoff. */
export function retryAfter(delay: Duration, reason: string): Outcome {
  return { kind: 'outcome', what: 'retry', afterMs: toMilliseconds(delay, 'retryAfter'), reason };
}

/** Not now: come back after the given time. No attempt is spent. */
export function snooze(duration: Duration, reason: string): Outcome {
  return { kind: 'outcome', what: 'snooze', forMs: toMilliseconds(duration, 'snooze'), reason };
}

/** The work is no longer wanted. */
export function cancel(reason: string): Outcome {
  return { kind: 'outcome', what: 'cancel', reason };
}

/** Trying again cannot help: keep it as a dead letter. */
export function dead(reason: string): Outcome {
  return { kind: 'outcome', what: 'dead', reason };
}

export function isOutcome(value: unknown): value is Outcome {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'outcome' && 'what' in value;
}
