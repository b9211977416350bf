/** What it is, and nothing of what it holds. */
export function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

/**
 * What was found where a number, a word or a switch should have been: these as they are, a text only in part, and of all else what it is. Whatever is
 * given, it never throws: a template would, of a symbol and of an object that cannot be a text.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isList(value) ? 'a list' : kindOf(value);
}

/** A proxy that was revoked cannot be asked even that. */
function isList(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** The same of what should have been a text of some length, without control characters. */
export function kindOfText(value: unknown): string {
  if (typeof value !== 'string') return kindOf(value);
  if (value === '') return 'an empty one';
  const strange = /[\p{Cc}\u2028\u2029]/u.test(value) ? ', control characters among them' : '';
  return `one of ${value.length} characters${strange}`;
}

/** The same of what should have been a time. */
export function kindOfTime(value: unknown): string {
  if (!(value instanceof Date)) return kindOf(value);
  return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString();
}
