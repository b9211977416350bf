import { ShiftworkError } from './shiftwork-error.ts';

/** A contract, handler or app definition that cannot work. Thrown while the definition is made. */
export class InvalidContractError extends ShiftworkError {
  readonly code = 'INVALID_CONTRACT';
}
