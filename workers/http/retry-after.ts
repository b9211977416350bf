import { parseHttpDate } from './http-date.ts';

/** The longest wait that a far side may ask for: one that asks for a week has made a mistake. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Reads Retry-After (RFC 9110, 10.2.3): digits or an HTTP date, and nothing else. A time that has passed is no wait; an hour is the longest.
 * @param date the header of that name: when the far side answered, by the clock that its Retry-After means. This host's may be wrong.
 * @returns milliseconds from now; undefined for anything else, which counts as not asked
 */
export function retryAfterMs(
  header: string | undefined,
  now: number = Date.now(),
  date: string = '',
): number | undefined {
  const text = header?.trim() ?? '';
  const answeredAt = parseHttpDate(date.trim(), now) ?? now;
  const until = /^\d+$/.test(text) ? answeredAt + Number(text) * 1_000 : parseHttpDate(text, now);
  return until === undefined ? undefined : Math.min(Math.max(0, until - answeredAt), LONGEST_WAIT_MS);
}
