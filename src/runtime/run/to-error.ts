/** A handler may throw anything: text, null, an object that points to itself. This makes an Error of it, never failing. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (typeof thrown === 'string') return new Error(thrown);
  let text: string;
  try {
    text = JSON.stringify(thrown) ?? String(thrown);
  } catch {
    // Circular, or its toJSON throws; the type is all that can be said safely.
    text = Object.prototype.toString.call(thrown);
  }
  return new Error(`The handler threw something that is no Error: ${text}`);
}
