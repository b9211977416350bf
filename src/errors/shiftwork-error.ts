const OURS = Symbol.for('shiftwork.error');

/**
 * The base of every error that Shiftwork throws on purpose.
 *
 * `code` is stable and documented in docs/errors.md; programs branch on it. A message says what was
 * expected, what was found and what to do, and never carries a secret or a field marked sensitive.
 */
export abstract class ShiftworkError extends Error {
  /** By this, and not by the class, another copy of the package knows an error as one of ours. */
  readonly [OURS] = true;
  /** Stable, upper case, never reused for another meaning. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** True for errors of this project, also of another copy of the package. Never throws. */
export function isShiftworkError(thrown: unknown): thrown is ShiftworkError {
  try {
    return thrown instanceof Error && OURS in thrown;
  } catch {
    // A proxy, say.
    return false;
  }
}
