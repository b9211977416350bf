/** What it is, and nothing of what it holds. */
export function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
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
