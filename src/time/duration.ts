import { InvalidOptionsError } from '../errors/index.ts';

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w';

/** Milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`, `'2w'`. */
export type Duration = number | `${number}${Unit}`;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Reads a duration as whole milliseconds.
 * @param what names the value in the error
 * @throws InvalidOptionsError when it is not a finite, non-negative duration
 */
export function toMilliseconds(duration: Duration, what = 'duration'): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return Math.round(duration);
  } else if (typeof duration === 'string') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(duration);
    const unit = match?.[2] === undefined ? undefined : UNIT_MS[match[2]];
    if (match && unit !== undefined) return Math.round(Number(match[1]) * unit);
  }
  throw new InvalidOptionsError(
    `Expected ${what} to be milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d", got ${JSON.stringify(duration)}.`,
  );
}
