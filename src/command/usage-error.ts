import { didYouMean, ShiftworkError } from '../errors/index.ts';

/** The command was called in a way that it does not understand. */
export class UsageError extends ShiftworkError {
  readonly code = 'WRONG_USE';
}

/** What was expected, what stands there, and what it may have meant. */
export function wrongWord(expected: string, found: string | undefined, known: Iterable<string> = []): UsageError {
  const got = found === undefined ? 'nothing' : `"${found.slice(0, 40)}"`;
  return new UsageError(`Expected ${expected}, got ${got}.${didYouMean(found ?? '', known)}`);
}
