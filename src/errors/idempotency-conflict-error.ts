import { ShiftworkError } from './shiftwork-error.ts';

/** A key that stands for one job was used again with other data. */
export class IdempotencyConflictError extends ShiftworkError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
  readonly contract: string;
  /** The job that the key already stands for. */
  readonly jobId: string;

  constructor(contract: string, jobId: string) {
    super(
      `The key given for "${contract}" already stands for job ${jobId}, which carries other data. ` +
        'Nothing was queued: use a new key for new data, or the same data for the same key.',
    );
    this.contract = contract;
    this.jobId = jobId;
  }
}
