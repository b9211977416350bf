import { ShiftworkError } from '../errors/index.ts';

/** The command was called in a way that it does not understand. */
export class UsageError extends ShiftworkError {
  readonly code = 'WRONG_USE';
}
