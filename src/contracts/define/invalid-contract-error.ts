import { ShiftworkError } from '../../errors/index.ts';

/** A contract, handler or app definition that cannot work. Thrown while the definition is made. */
export class InvalidContractError extends ShiftworkError {
  readonly code = 'INVALID_CONTRACT';
}
