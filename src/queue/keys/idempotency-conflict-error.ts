import type { JobReceipt } from '../store/job-receipt.ts';
import { BATCH } from '../meta/job-meta.ts';
import { ShiftworkError } from '../../errors/index.ts';

/** One key that stood for a job with other data. */
export interface KeyConflict {
  /** Which of the requests, from 0. */
  readonly index: number;
  readonly contract: string;
  /** The job that the key already stands for; of a batch's key the batch. */
  readonly jobId: string;
}

/**
 * A key that stands for one job was used again with other data, and nothing was queued for it. Of many jobs the others were queued all
 * the same.
 */
export class IdempotencyConflictError extends ShiftworkError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
  /** Of the first conflict. */
  readonly contract: string;
  /** The job that the first conflict's key already stands for. */
  readonly jobId: string;
  readonly conflicts: readonly KeyConflict[];
  /** Of `enqueueMany`, in the order of its requests, undefined for those in conflict; empty for a single job. */
  readonly receipts: readonly (JobReceipt | undefined)[];

  constructor(conflicts: readonly [KeyConflict, ...KeyConflict[]], receipts: readonly (JobReceipt | undefined)[] = []) {
    const [{ contract, jobId }] = conflicts;
    const queued = receipts.length - conflicts.length;
    super(
      `The key given for "${contract}" already stands for ` +
        (jobId.startsWith(BATCH) ? `${jobId}, whose jobs are others` : `job ${jobId}, which carries other data`) +
        (conflicts.length > 1 ? `; so it is with ${conflicts.length} of the keys. ` : '. ') +
        (queued > 0
          ? `The other ${queued} of the ${receipts.length} jobs are queued, and "receipts" on this error has theirs`
          : 'Nothing was queued') +
        ': use a new key for new data, or the same data for the same key.',
    );
    this.contract = contract;
    this.jobId = jobId;
    this.conflicts = conflicts;
    this.receipts = receipts;
  }
}
