import type { JobRequest } from '../../contracts/index.ts';
import type { Callback } from '../../engine/index.ts';
import { InvalidOptionsError, kindOf, kindOfText, requireKnown } from '../../errors/index.ts';
import { isJobRequest, requireRequests } from '../prepare/check-requests.ts';

/** A job to be queued once something is so of a batch; a function where its data names the batch. */
export type CallbackJob = JobRequest | ((batch: { readonly id: string; readonly name: string }) => JobRequest);

/** Jobs that end together, and what follows. */
export interface BatchDefinition {
  /** For people: 1 to 200 characters. */
  readonly name: string;
  /** The members: at least one, of any contracts. */
  readonly jobs: readonly JobRequest[];
  /** Queued once when all members have succeeded, also where some were dead at first and were replayed. */
  readonly onSuccess?: CallbackJob | undefined;
  /** Queued once when all members have ended, however they did. */
  readonly onComplete?: CallbackJob | undefined;
  /** Queued once when the first member is dead. */
  readonly onDeath?: CallbackJob | undefined;
  /**
   * One batch, however often the call is made while the batch is kept: a repeat queues what the first call did not come to, and answers the same
   * batch. What is called back is what the first call said.
   */
  readonly idempotencyKey?: string | undefined;
}

export type Callbacks = Readonly<Partial<Record<Callback, CallbackJob>>>;

export interface CheckedBatch {
  readonly name: string;
  readonly jobs: readonly JobRequest[];
  readonly callbacks: Callbacks;
  readonly idempotencyKey: string | undefined;
}

const KNOWN: ReadonlySet<string> = new Set(['name', 'jobs', 'onSuccess', 'onComplete', 'onDeath', 'idempotencyKey']);
const MOST_JOBS = 100_000;

/** @throws InvalidOptionsError: from plain JavaScript comes anything */
export function checkBatch(definition: BatchDefinition): CheckedBatch {
  const given: unknown = definition;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidOptionsError(`Expected batch({ name, jobs }), got ${kindOf(given)}.`);
  }
  requireKnown('options of a batch', given, KNOWN);
  const { name, jobs, onSuccess, onComplete, onDeath, idempotencyKey } = definition;
  requireShort('name', name);
  if (idempotencyKey !== undefined) requireShort('idempotencyKey', idempotencyKey);
  requireRequests(jobs);
  if (jobs.length === 0) {
    throw new InvalidOptionsError(
      'Expected a batch to have at least one job, got none: it would never end. Queue what follows by itself where there is nothing to wait for.',
    );
  }
  if (jobs.length > MOST_JOBS) {
    throw new InvalidOptionsError(
      `Expected a batch to have at most ${MOST_JOBS} jobs, got ${jobs.length}. Let its first jobs add the others by run.batch.add().`,
    );
  }
  const callbacks = {
    ...(onSuccess !== undefined && { success: requireCallback('onSuccess', onSuccess) }),
    ...(onComplete !== undefined && { complete: requireCallback('onComplete', onComplete) }),
    ...(onDeath !== undefined && { death: requireCallback('onDeath', onDeath) }),
  };
  return { name, jobs, callbacks, idempotencyKey };
}

function requireCallback(option: string, job: CallbackJob): CallbackJob {
  if (typeof job === 'function' && !('kind' in job)) return job;
  if (isJobRequest(job)) return job;
  throw new InvalidOptionsError(
    `Expected ${option} of a batch to be made by calling a contract, such as report({ ... }), or a function that answers that, got ${kindOf(job)}.`,
  );
}

function requireShort(option: string, value: unknown): void {
  // Names and keys end up in log lines.
  if (typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(value)) return;
  throw new InvalidOptionsError(
    `Expected ${option} of a batch to be a text of 1 to 200 characters without control characters, got ${kindOfText(value)}.`,
  );
}
