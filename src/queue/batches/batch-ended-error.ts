import { ShiftworkError } from '../../errors/index.ts';

/** Jobs were to be added to a batch that has ended, or is past its retention: they would be members of nothing. None was queued. */
export class BatchEndedError extends ShiftworkError {
  readonly code = 'BATCH_ENDED';
  readonly batchId: string;

  constructor(batchId: string) {
    super(
      `Expected batch ${batchId} to have members that have not ended, found that it has ended or is not known. ` +
        'Add jobs from a member while it runs, or make a new batch.',
    );
    this.batchId = batchId;
  }
}
