import { parseHttpDate } from './http-date.ts';

/** The longest wait that a far side may ask for: one that asks for a week has made a mistake. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Reads Retry-After (RFC 9110, 10.2.3): digits or an HTTP date, and nothing else. A time that has passed is no wait; an hour is the longest.
 * @returns milliseconds from now; undefined for anything else, which counts as not asked
 */
export function retryAfterMs(header: string | undefined, now: number = Date.now()): number | undefined {
  const text = header?.trim() ?? '';
  const until = /^\d+$/.test(text) ? now + Number(text) * 1_000 : parseHttpDate(text, now);
  return until === undefined ? undefined : Math.min(Math.max(0, until - now), LONGEST_WAIT_MS);
}
