import { ShiftworkError } from '../../errors/index.ts';

/** The handler said that trying again cannot help. */
export class JobDeadError extends ShiftworkError {
  readonly code = 'JOB_DEAD';
}
