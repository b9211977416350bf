import { REDACTED, redactData, type Sensitive } from './redact.ts';
import { createScrubber } from './scrub.ts';

/** People read no further; walking, and writing as JSON, what another program has nested 10,000 deep overflows the stack. */
export const SHOWN_DEPTH = 100;
/** Stands where data goes on deeper than that. */
export const TOO_DEEP = '[nested too deep to be shown]';

/**
 * Stored data as people may see it: sensitive fields redacted, and their values also where they stand in another field; no deeper than
 * SHOWN_DEPTH. Only the contract of the version that it was written by knows which fields those are; without that nothing is shown.
 */
export function shownData(
  contract: (Sensitive & { readonly version: number }) | undefined,
  version: number | undefined,
  data: unknown,
): unknown {
  if (contract === undefined || contract.version !== version) return REDACTED;
  return scrubDeep(redactData(contract, data), createScrubber(contract, data));
}

/**
 * The value with every text in it scrubbed, names of fields included, and what is nested too deep cut off; a number that reads as a
 * sensitive value goes too, unless numbers are `kept`.
 */
export function scrubDeep(
  value: unknown,
  scrub: (text: string) => string,
  numbers: 'scrubbed' | 'kept' = 'scrubbed',
  depth = SHOWN_DEPTH,
): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'number') {
    return numbers === 'kept' || scrub(String(value)) === String(value) ? value : REDACTED;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return TOO_DEEP;
  if (Array.isArray(value)) return value.map(item => scrubDeep(item, scrub, numbers, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [scrub(name), scrubDeep(inner, scrub, numbers, depth - 1)]),
  );
}

/** Whether it is nested deeper than people are shown. */
export function isTooDeep(data: unknown): boolean {
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value: data, depth: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === SHOWN_DEPTH) return true;
    for (const inner of Object.values(value)) left.push({ value: inner, depth: depth + 1 });
  }
  return false;
}
