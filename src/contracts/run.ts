/** What a handler knows about the run it is part of. */
export interface Run {
  readonly jobId: string;
  /**
   * The same for every run of this job, and unlike every other job's: give it to the far side as
   * idempotency key, message id or webhook id, so that a repeat can be recognised.
   */
  readonly effectId: string;
  readonly jobName: string;
  readonly queue: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Attempts at most. */
  readonly attempts: number;
  /** Milliseconds since 1970, by the producer's clock. */
  readonly enqueuedAt: number;
  readonly correlationId: string;
  /** W3C traceparent of the producer, when it had one. */
  readonly traceparent: string | undefined;
  /** Aborts at the deadline, at shutdown, when the lock is lost, when the job is cancelled. Pass it on. */
  readonly signal: AbortSignal;
}
