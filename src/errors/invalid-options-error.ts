import { ShiftworkError } from './shiftwork-error.ts';

/** An option of a call is out of its range, or unknown. Nothing was done. */
export class InvalidOptionsError extends ShiftworkError {
  readonly code = 'INVALID_OPTIONS';
}
