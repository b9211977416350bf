import { ShiftworkError } from './shiftwork-error.ts';

/**
 * The engine did not acknowledge the job in time. The job may or may not be queued: only an
 * acknowledged enqueue is promised. Enqueueing again with the same idempotency key is safe.
 */
export class QueueUnavailableError extends ShiftworkError {
  readonly code = 'QUEUE_UNAVAILABLE';
  readonly queue: string;

  constructor(queue: string, reason: string, options?: ErrorOptions) {
    super(
      `The queue "${queue}" did not acknowledge the job: ${reason}. ` +
        'Check that the engine is reachable; enqueue again with the same idempotency key to be safe against doubles.',
      options,
    );
    this.queue = queue;
  }
}
