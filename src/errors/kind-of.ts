/** What it is, and nothing of what it holds. */
export function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
