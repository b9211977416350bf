import type { AnyJobContract, JobRequest, ResultOf } from '../define/job-contract.ts';

/** What JSON can hold. */
export type Json = null | string | number | boolean | readonly Json[] | { readonly [field: string]: Json };

export interface OnceOptions {
  /**
   * What to do when the effect may have happened, because its process died in between: do it `again` (the default; at least once), or
   * `hold` the job for a person (at most once).
   */
  readonly onDoubt?: 'again' | 'hold';
}

/** The batch of a job that runs. */
export interface RunBatch {
  readonly id: string;
  /**
   * Adds jobs to the batch, which waits for them too. A run that repeats this one adds nothing again: its n-th call is the same call. Answers the
   * ids of the jobs.
   * @throws as `client.enqueueMany`; BatchEndedError where the batch has ended, for a run that lost its job
   */
  add(jobs: readonly JobRequest[]): Promise<readonly string[]>;
}

/** How a child of a job ended. */
export type ChildEnd =
  | { readonly id: string; readonly queue: string; readonly state: 'succeeded'; readonly result: unknown }
  /** The parent goes on without it: `onChildFailure` of the flow. */
  | { readonly id: string; readonly queue: string; readonly state: 'failed'; readonly message: string | undefined }
  /** The parent did not wait for it. */
  | { readonly id: string; readonly queue: string; readonly state: 'open' };

/** The children of a job that is the parent of a flow. */
export interface RunChildren {
  /** Of all of them, in no order. */
  all(): Promise<readonly ChildEnd[]>;
  /**
   * The results of those children of this contract that have succeeded, read by its `result` schema, in no order.
   * @throws InvalidResultError where one does not fit
   */
  results<Contract extends AnyJobContract>(contract: Contract): Promise<readonly ResultOf<Contract>[]>;
}

/** What a handler knows about the run it is part of, and what it says of it. `Progress`: what its contract's schema takes. */
export interface Run<Progress = Json> {
  /** As its queue has it: of a job of another program its bare id, which BullMQ's own calls take. */
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
  /** Milliseconds since 1970, by the engine's clock. */
  readonly enqueuedAt: number;
  readonly correlationId: string;
  /** W3C traceparent of the producer, when it had one. */
  readonly traceparent: string | undefined;
  /** The batch whose member the job is; undefined where it is in none. */
  readonly batch: RunBatch | undefined;
  /** Its children and what they came to; there are none where it is no parent. */
  readonly children: RunChildren;
  /**
   * Does an effect once for its key, also when this job runs twice, and answers what it answered. The key counts for all jobs of this
   * contract, so that two jobs for one order charge it once: make it of what the effect is for (`charge ${orderId}`), or of `effectId` for
   * one effect a job. Under a constant key every later job skips the effect. The ledger is the engine's; for an effect in a database of
   * one's own, a unique key in the same transaction is better.
   * @throws InvalidOptionsError for a key that is no text or empty, an effect that is no function, and unknown options; EffectRefusedError for an
   *   answer that JSON cannot hold; EffectInProgressError, EffectInDoubtError, EffectTakenOverError: the runtime knows what they mean for the job
   */
  once<Value extends Json | void>(
    key: string,
    effect: () => Value | Promise<Value>,
    options?: OnceOptions,
  ): Promise<Value>;
  /**
   * Does a part of the work, keeps what it answered with the job, and gives that back where the job runs again: after a failure, a crash, a
   * deploy or a replay. A step that was under way when its process died, or whose result could not be stored, is done again: make it
   * repeatable. The name is the step's own in a run, and stays the same between releases. `once` is for effects that several jobs share.
   * @throws StepRepeatedError for a second step of one name, StepRefusedError for a result that JSON cannot hold, with a value of a
   *   sensitive field in it, or larger than 16 KiB: the job is then dead
   */
  step<Value extends Json | void>(name: string, work: () => Value | Promise<Value>): Promise<Value>;
  /**
   * Says how far the work is: shown by the client, the dashboard and BullMQ's own tools. Costs nothing to call often: the newest value is
   * written a few times a second. Values of sensitive fields are scrubbed from it.
   * @throws InvalidProgressError for what does not fit the contract's `progress` schema, is no JSON, or is larger than 4 KiB as JSON
   */
  progress(value: Progress): void;
  /**
   * Adds a line to the job's log, and states it as the fact `job.logged`. Values of sensitive fields are scrubbed from it; of a long line the
   * first 1,000 characters are kept, and of a run the first 200 lines.
   */
  log(line: string): void;
  /** Says that the work goes on, where the contract has a `stuckAfter`; progress and lines say so, too. */
  heartbeat(): void;
  /** Aborts at the deadline, at shutdown, when the lock is lost, when the job is cancelled. Pass it on. */
  readonly signal: AbortSignal;
}
