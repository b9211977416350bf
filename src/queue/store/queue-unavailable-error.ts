import type { JobReceipt } from './job-receipt.ts';
import { ShiftworkError } from '../../errors/index.ts';

export type AskedOfQueue =
  | 'to cancel a job'
  | 'for a job'
  | 'for jobs'
  | 'to update a job'
  | 'to replay a job'
  | 'to pause work'
  | 'to resume work'
  | 'for pauses'
  | 'for schedules';

export interface QueueUnavailableOptions extends ErrorOptions {
  /** What was asked of the queue; to take jobs when left out. */
  readonly asked?: AskedOfQueue;
  /** Of many jobs, in their order: those that were acknowledged before. */
  readonly receipts?: readonly (JobReceipt | undefined)[];
}

/**
 * The engine did not acknowledge in time. A job that was to be queued may or may not be: only an
 * acknowledged enqueue is promised. Enqueueing again with the same idempotency key is safe.
 */
export class QueueUnavailableError extends ShiftworkError {
  readonly code = 'QUEUE_UNAVAILABLE';
  readonly queue: string;
  /** Of `enqueueMany`, in the order of its requests, undefined for those that were not acknowledged; empty otherwise. */
  readonly receipts: readonly (JobReceipt | undefined)[];

  constructor(queue: string, reason: string, { asked, receipts = [], ...options }: QueueUnavailableOptions = {}) {
    super(asked === undefined ? notTaken(queue, reason, receipts) : notAnswered(queue, reason, asked), options);
    this.queue = queue;
    this.receipts = receipts;
  }
}

function notTaken(queue: string, reason: string, receipts: readonly (JobReceipt | undefined)[]): string {
  const acknowledged = receipts.filter(receipt => receipt !== undefined).length;
  return (
    `The queue "${queue}" did not acknowledge the job: ${reason}. ` +
    (acknowledged > 0
      ? `Of ${receipts.length} jobs ${acknowledged} were acknowledged before, and "receipts" on this error has theirs. `
      : '') +
    'Check that the engine is reachable; enqueue again with the same idempotency key to be safe against doubles.'
  );
}

function notAnswered(queue: string, reason: string, asked: AskedOfQueue): string {
  return (
    `The queue "${queue}" was asked ${asked} and did not answer: ${reason}. ` +
    'Check that the engine is reachable, then ask again: a repeat does no harm.'
  );
}
