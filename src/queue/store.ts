import { Job, type JobsOptions } from 'bullmq';
import { reasonOf } from '../resilience/index.ts';
import { bareError } from '../privacy/index.ts';
import { type Engine, type EngineQueue } from '../engine/index.ts';
import { IdempotencyConflictError, type KeyConflict } from './idempotency-conflict-error.ts';
import { QueueUnavailableError, type QueueUnavailableOptions } from './queue-unavailable-error.ts';
import { isShiftworkError, type ShiftworkError } from '../errors/index.ts';
import { type JobReceipt } from './job-receipt.ts';
import { parseJobId } from './job-id.ts';
import type { PreparedJob } from './prepare.ts';

/** Large enough to pay for the trip, small enough that one answer comes well within the two seconds. */
const BULK_SIZE = 1_000;

/** @throws QueueUnavailableError, IdempotencyConflictError; as rejections */
export function storeOne(engine: Engine, job: PreparedJob): Promise<JobReceipt> {
  const { queue: name } = job.contract;
  const ready = engine.readyQueue(name);
  return (
    ready === undefined ? engine.queue(name).then(queue => create(engine, queue, job)) : create(engine, ready, job)
  ).then(
    stored => receiptOf(job, stored.id),
    (cause: unknown) => {
      throw unavailable(name, cause);
    },
  );
}

/**
 * `queue.add` and `queue.addBulk` without what we have done already or never use: BullMQ's own tracing, default options, the
 * `waiting` event.
 */
function create(engine: Engine, queue: EngineQueue, job: PreparedJob): Promise<{ readonly id?: string | undefined }> {
  return Job.create(queue, job.contract.name, job.data, enqueuedNow(engine, job));
}

/**
 * Age, delay and expiry count from now, by the engine's clock: only now, since that is known when the queue is open. Into the same object:
 * nobody else has it, and a copy would cost every job.
 */
function enqueuedNow({ clock }: Engine, { options }: PreparedJob): JobsOptions {
  options.timestamp = clock.now();
  return options;
}

/** What became of many jobs. */
export interface StoredMany {
  /** In the order of the jobs; undefined where there is none. */
  readonly receipts: readonly (JobReceipt | undefined)[];
  /** Why there is not one for each. */
  readonly error: ShiftworkError | undefined;
}

/**
 * Stores all in bulks by queue. A key that stands for other data keeps no other job from being stored; an engine that does not
 * acknowledge ends it, for those that would follow would only wait as long. Never rejects.
 */
export async function storeMany(engine: Engine, jobs: readonly PreparedJob[]): Promise<StoredMany> {
  const [first] = jobs;
  if (first === undefined) return { receipts: [], error: undefined };
  // One queue is the common case, and needs no sorting back.
  const isOne = jobs.every(job => job.contract.queue === first.contract.queue);
  const groups = isOne ? [jobs] : [...Map.groupBy(jobs, job => job.contract.queue).values()];
  const answers: Answer[] = [];
  let outage: { readonly queue: string; readonly cause: unknown } | undefined;
  for (const group of groups) {
    outage ??= await storeIn(engine, group, answers);
  }
  const stored = isOne ? answers : sortedBack(jobs, groups.flat(), answers);
  const conflicts: KeyConflict[] = [];
  const receipts = jobs.map((job, index) => {
    const answer = stored[index];
    if (typeof answer !== 'string') return answer;
    conflicts.push({ index, contract: job.contract.name, jobId: answer });
    return undefined;
  });
  if (outage !== undefined) return { receipts, error: unavailable(outage.queue, outage.cause, { receipts }) };
  const [conflict, ...others] = conflicts;
  const error = conflict && new IdempotencyConflictError([conflict, ...others], receipts);
  return { receipts, error };
}

/** A receipt, or the id of the job that the key stands for and that carries other data. */
type Answer = JobReceipt | string | undefined;

function sortedBack(
  jobs: readonly PreparedJob[],
  asStored: readonly PreparedJob[],
  answers: readonly Answer[],
): readonly Answer[] {
  const byJob = new Map(asStored.map((job, index) => [job, answers[index]]));
  return jobs.map(job => byJob.get(job));
}

/** Adds an answer for each job that was stored; says why where it went no further. */
async function storeIn(
  engine: Engine,
  jobs: readonly PreparedJob[],
  answers: Answer[],
): Promise<{ readonly queue: string; readonly cause: unknown } | undefined> {
  const queue = jobs[0]?.contract.queue ?? '';
  for (let start = 0; start < jobs.length; start += BULK_SIZE) {
    const slice = jobs.length <= BULK_SIZE ? jobs : jobs.slice(start, start + BULK_SIZE);
    try {
      const open = engine.readyQueue(queue) ?? (await engine.queue(queue));
      const stored = await Job.createBulk(
        open,
        slice.map(job => ({ name: job.contract.name, data: job.data, opts: enqueuedNow(engine, job) })),
      );
      for (const [index, job] of slice.entries()) answers.push(answerTo(job, stored[index]?.id));
    } catch (cause) {
      return { queue, cause };
    }
  }
  return undefined;
}

function receiptOf(job: PreparedJob, storedId: string | undefined): JobReceipt {
  const answer = answerTo(job, storedId);
  if (typeof answer !== 'string') return answer;
  throw new IdempotencyConflictError([{ index: 0, contract: job.contract.name, jobId: answer }]);
}

function answerTo(job: PreparedJob, storedId: string | undefined): JobReceipt | string {
  const { name, queue } = job.contract;
  if (storedId === undefined) throw new QueueUnavailableError(queue, 'the engine answered without a job id');
  if (
    storedId !== job.id &&
    job.keyed &&
    parseJobId(storedId)?.digest !== job.digest &&
    !haveOneOrigin(storedId, job.id)
  ) {
    return storedId;
  }
  return { id: storedId, name, queue, deduplicated: storedId !== job.id };
}

/** What was made again from the same event is a repeat, also where its maker looked at the clock. */
function haveOneOrigin(one: string, other: string): boolean {
  return one.slice(0, one.lastIndexOf('-')) === other.slice(0, other.lastIndexOf('-'));
}

/** A job that was prepared before, elsewhere. */
export interface StorableJob {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly options: JobsOptions;
  /** How long ago it was prepared: its age and its delay count from then. */
  readonly agedMs: number;
}

/**
 * Stores jobs that were prepared before, such as those of an outbox, in one trip. Ids that the engine has already are passed over.
 * Answers the ids under which they stand: another one where a key stood for another job.
 * @throws QueueUnavailableError; some may have been stored
 */
export async function storePrepared(
  engine: Engine,
  queue: string,
  jobs: readonly StorableJob[],
): Promise<readonly (string | undefined)[]> {
  try {
    const open = engine.readyQueue(queue) ?? (await engine.queue(queue));
    const stored = await Job.createBulk(
      open,
      jobs.map(({ id, name, data, options, agedMs }) => ({
        name,
        data,
        opts: { ...options, jobId: id, timestamp: engine.clock.now() - agedMs },
      })),
    );
    return stored.map(({ id }) => id);
  } catch (cause) {
    throw unavailable(queue, cause);
  }
}

/** What the producer is told when the engine did not do its part. */
export function unavailable(
  queue: string,
  cause: unknown,
  options: Omit<QueueUnavailableOptions, 'cause'> = {},
): ShiftworkError {
  if (cause instanceof QueueUnavailableError && options.receipts === undefined) return cause;
  const told = cause instanceof Error ? { ...options, cause: bareError(cause) } : options;
  return new QueueUnavailableError(queue, reasonFrom(cause), told);
}

/** Said in our words: an engine's message may carry hosts, keys or the command with its data. */
function reasonFrom(cause: unknown): string {
  return isShiftworkError(cause) ? cause.message.replace(/\.$/, '') : reasonOf(cause);
}
