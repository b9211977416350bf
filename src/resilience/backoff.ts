import { InvalidOptionsError, requireKnown } from '../errors/index.ts';
import { toMilliseconds, type Duration } from '../time/index.ts';

/** How long to wait before the next try. Data, so that it can be shown, compared and tested. */
export type Backoff =
  | { readonly kind: 'exponential'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'fixed'; readonly delayMs: number };

const KNOWN: ReadonlySet<string> = new Set(['from', 'to']);

/**
 * Doubles from `from` up to `to`, with full jitter (the wait is drawn evenly from 0 up to the bound,
 * also at the cap: a crowd of failures must not come back as a crowd).
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function exponential(between: { readonly from: Duration; readonly to: Duration }): Backoff {
  requireKnown('an exponential backoff', between, KNOWN);
  const { from, to } = between;
  const fromMs = toMilliseconds(from, 'exponential.from');
  const toMs = toMilliseconds(to, 'exponential.to');
  if (fromMs < 1 || toMs < fromMs) {
    throw new InvalidOptionsError(
      `Expected exponential backoff with 1 ms <= from <= to, got from ${fromMs}, to ${toMs}.`,
    );
  }
  return { kind: 'exponential', fromMs, toMs };
}

/** The same wait each time. */
export function fixed(delay: Duration): Backoff {
  return { kind: 'fixed', delayMs: toMilliseconds(delay, 'fixed backoff') };
}

/**
 * The wait in milliseconds before the try that follows failed attempt number `attempt` (1 for the first).
 * At least 1: BullMQ takes 0 for "at once, at the head".
 */
export function backoffDelay(backoff: Backoff, attempt: number, random: () => number = Math.random): number {
  if (backoff.kind === 'fixed') return Math.max(1, backoff.delayMs);
  const bound = Math.min(backoff.toMs, backoff.fromMs * 2 ** Math.min(attempt - 1, 52));
  return Math.max(1, Math.round(random() * bound));
}
