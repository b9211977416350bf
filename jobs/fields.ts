import { z } from 'zod';

/**
 * C0, C1, line and paragraph separators, marks that reverse what is read after them, and what has no shape at all. The joiners U+200C and
 * U+200D stay: Persian and emoji need them; so do the marks that stand before Arabic numbers.
 */
const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e001f}]/u;
/** One character that leaves ink; the fillers of Hangul and the empty braille cell count as letters and leave none. */
const SEEN = /(?![\u115f\u1160\u3164\uffa0\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;

/**
 * One address and nothing else: no display name, comment, group, list, quoted part or IP literal, none of which a web form needs
 * and all of which mail parsers read differently. The domain in lower case; international domains in their ASCII form.
 * Limits of RFC 5321: 64 before the @, 254 in all.
 */
export const emailAddress = z
  .string()
  .max(254)
  .refine(isOneAddress, { error: 'expected one plain email address such as name@example.com' })
  .transform(address => {
    const at = address.lastIndexOf('@');
    return `${address.slice(0, at)}@${address.slice(at + 1).toLowerCase()}`;
  });

function isOneAddress(address: string): boolean {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  return at > 0 && local.length <= 64 && LOCAL_PART.test(local) && DOMAIN.test(address.slice(at + 1).toLowerCase());
}

/** A text of one line. Markup is only text here: templates escape. */
export function line(max: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(max)
    .refine(text => !UNSEEN.test(text) && text.isWellFormed(), {
      error: 'expected one line without control characters',
    })
    .refine(text => SEEN.test(text), { error: 'expected more than spaces' });
}

export const personName = line(100);

/** An id of the app's own: bounded, visible, no spaces. */
export const id = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._~-]*$/, { error: 'expected an id of letters, digits and . _ ~ -' });

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const MAX_DEPTH = 16;

/** A JSON object of the caller's own shape: bounded depth, finite numbers, no key that could reach a prototype. */
export const plainObject = z
  .custom<Readonly<Record<string, unknown>>>(
    value => typeof value === 'object' && value !== null && !Array.isArray(value),
    { error: 'expected an object' },
  )
  .refine(value => isPlain(value, 0), {
    error: `expected plain JSON, at most ${MAX_DEPTH} levels deep, without the keys ${[...FORBIDDEN_KEYS].join(', ')}`,
  });

function isPlain(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value === undefined) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every(item => isPlain(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.entries(value).every(([key, inner]) => !FORBIDDEN_KEYS.has(key) && isPlain(inner, depth + 1));
}
