const CAP_MS = 3_600_000;

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3): seconds or an HTTP date; an hour at most, because a far side that asks for a
 * week has made a mistake.
 * @returns milliseconds from now, undefined when there is none that can be read
 */
export function retryAfterMs(header: string | undefined, now: number = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const wait = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), CAP_MS) : undefined;
}
