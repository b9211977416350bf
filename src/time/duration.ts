import { InvalidOptionsError, shown } from '../errors/index.ts';

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

/** The longest that anything here is put off. */
export const YEAR_MS = 365 * 86_400_000;

/**
 * Reads a duration as whole milliseconds.
 * @param what names the value in the error
 * @throws InvalidOptionsError when it is not a finite, non-negative duration
 */
export function toMilliseconds(duration: Duration, what = 'duration'): number {
  const ms = typeof duration === 'number' ? duration : typeof duration === 'string' ? readText(duration) : undefined;
  if (ms !== undefined && Number.isFinite(ms) && ms >= 0) return Math.round(ms);
  throw new InvalidOptionsError(
    `Expected ${what} to be milliseconds or a text such as "250ms", "30s", "5m", "2h", "1d", got ${shown(duration)}.`,
  );
}

/** Infinite where the digits are too many. */
function readText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNIT_MS[match[2]];
  return match && unit !== undefined ? Number(match[1]) * unit : undefined;
}
