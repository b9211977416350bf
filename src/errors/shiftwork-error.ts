/**
 * The base of every error that Shiftwork throws on purpose.
 *
 * `code` is stable and documented in docs/errors.md; programs branch on it. A message says what was
 * expected, what was found and what to do, and never carries a secret or a field marked sensitive.
 */
export abstract class ShiftworkError extends Error {
  /** Stable, upper case, never reused for another meaning. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
