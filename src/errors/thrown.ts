import { kindOf } from './kind-of.ts';

/**
 * Makes an Error of what was thrown, which may be anything: a text, null, an object that points to itself, a proxy whose every question
 * throws. Answers an error that can be asked for its message and its code. Never throws.
 */
export function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) {
      if (typeof thrown.message !== 'string') return new Error('It failed without saying why.');
      codeIn(thrown);
      return thrown;
    }
    return typeof thrown === 'string' ? new Error(thrown) : new Error(`What was thrown is no Error: ${textOf(thrown)}`);
  } catch {
    return new Error('It failed with something that cannot be looked at.');
  }
}

function textOf(thrown: unknown): string {
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    // Circular, or its toJSON throws; the type is all that can be said safely.
    return Object.prototype.toString.call(thrown);
  }
}

/** What was thrown, without what it says, which may repeat the data. Never throws. */
export function kindOfThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error && typeof thrown.name === 'string' ? thrown.name.slice(0, 60) : kindOf(thrown);
  } catch {
    return 'something that cannot be looked at';
  }
}

/**
 * The code of an error, such as `ECONNREFUSED`, `57P03` or `QUEUE_UNAVAILABLE`; undefined where there is none, or none that is a text.
 * Never throws.
 */
export function codeOf(thrown: unknown): string | undefined {
  try {
    return codeIn(thrown);
  } catch {
    return undefined;
  }
}

function codeIn(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/**
 * True for an error with that code. This project's own errors are known by it and not by their class: a program may have loaded two
 * copies of the package, and an error of the other copy says the same. Never throws.
 */
export function hasCode<Code extends string>(
  thrown: unknown,
  ...codes: readonly Code[]
): thrown is Error & { readonly code: Code } {
  try {
    if (!(thrown instanceof Error)) return false;
    const code = codeIn(thrown);
    return codes.some(each => each === code);
  } catch {
    return false;
  }
}
