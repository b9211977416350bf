import { REDACTED, redactData, type Sensitive } from './redact.ts';
import { createScrubber } from './scrub.ts';

/**
 * Stored data as people may see it: sensitive fields redacted, and their values also where they stand in another field. Only the
 * contract of the version that it was written by knows which fields those are; without that nothing is shown.
 */
export function shownData(
  contract: (Sensitive & { readonly version: number }) | undefined,
  version: number | undefined,
  data: unknown,
): unknown {
  if (contract?.version !== version) return REDACTED;
  try {
    const redacted = redactData(contract, data);
    return contract === undefined || contract.sensitive.length === 0
      ? redacted
      : scrubDeep(redacted, createScrubber(contract, data));
  } catch {
    // Data nested so deep that walking it overflows the stack, for one.
    return REDACTED;
  }
}

/** The value with every text in it scrubbed, names of fields included; a number that reads as a sensitive value goes too. */
export function scrubDeep(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'number') return scrub(String(value)) === String(value) ? value : REDACTED;
  if (Array.isArray(value)) return value.map(item => scrubDeep(item, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [scrub(name), scrubDeep(inner, scrub)]));
}
