import { ShiftworkError } from '../errors/index.ts';

/** The handler, or a person, ended the job on purpose. */
export class JobCancelledError extends ShiftworkError {
  readonly code = 'JOB_CANCELLED';

  readonly reason: string;

  constructor(reason: string) {
    super(`Cancelled: ${reason}`);
    // From JavaScript it may be no text.
    this.reason = String(reason);
  }
}
