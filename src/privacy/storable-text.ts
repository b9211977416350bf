/** How `JSON.stringify` writes a NUL and half of a surrogate pair; a backslash before it would make it plain text. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * Whether a JSON holds a text that PostgreSQL cannot: one with a NUL, or with half of a surrogate pair (what is left where a text was cut
 * inside an emoji). Its jsonb refuses both, long after the one who wrote them has gone.
 */
export function isUnstorableJson(json: string): boolean {
  return json.includes('\\u') && UNSTORABLE.test(json);
}

/** The text with U+FFFD in the place of what PostgreSQL cannot hold. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** Bounded, and saying so. */
export function shortened(text: string, limit: number): string {
  const kept = text.length <= limit ? text : `${text.slice(0, limit)}... (${text.length - limit} more characters)`;
  return storableText(kept);
}
