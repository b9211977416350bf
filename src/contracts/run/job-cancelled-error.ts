import { hasCode, ShiftworkError } from '../../errors/index.ts';

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

/** Also for an error of another copy of the package, which has a class of its own. */
export function isJobCancelled(thrown: unknown): thrown is JobCancelledError {
  return hasCode(thrown, 'JOB_CANCELLED') && 'reason' in thrown && typeof thrown.reason === 'string';
}
