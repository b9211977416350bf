import { Job, type JobsOptions } from 'bullmq';
import { bareError } from '../contracts/index.ts';
import { codeOf, isConnectionError, type Engine, type EngineQueue } from '../engine/index.ts';
import { IdempotencyConflictError, QueueUnavailableError, ShiftworkError } from '../errors/index.ts';
import { parseJobId } from './job-id.ts';
import type { PreparedJob } from './prepare.ts';

/** What the producer gets back once the engine has acknowledged the job. */
export interface JobReceipt {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** True when the key already stood for a job: `id` is that job's, and nothing new was queued. */
  readonly deduplicated: boolean;
}

/** Large enough to pay for the trip, small enough that one answer comes well within the two seconds. */
const BULK_SIZE = 1_000;

/** @throws QueueUnavailableError, IdempotencyConflictError; as rejections */
export function storeOne(engine: Engine, job: PreparedJob): Promise<JobReceipt> {
  const { queue: name } = job.contract;
  const ready = engine.readyQueue(name);
  return (ready === undefined ? engine.queue(name).then(queue => create(queue, job)) : create(ready, job)).then(
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
function create(
  queue: EngineQueue,
  { contract, data, options }: PreparedJob,
): Promise<{ readonly id?: string | undefined }> {
  return Job.create(queue, contract.name, data, options);
}

/** Stores all in bulks by queue; receipts come in the order of the jobs. */
export async function storeMany(engine: Engine, jobs: readonly PreparedJob[]): Promise<readonly JobReceipt[]> {
  const [first] = jobs;
  if (first === undefined) return [];
  // One queue is the common case, and needs no sorting back.
  if (jobs.every(job => job.contract.queue === first.contract.queue))
    return storeIn(engine, first.contract.queue, jobs);
  const receipts = new Map<PreparedJob, JobReceipt>();
  for (const [queue, group] of Map.groupBy(jobs, job => job.contract.queue)) {
    const stored = await storeIn(engine, queue, group);
    for (const [index, receipt] of stored.entries()) {
      const job = group[index];
      if (job !== undefined) receipts.set(job, receipt);
    }
  }
  return jobs.flatMap(job => receipts.get(job) ?? []);
}

async function storeIn(engine: Engine, name: string, jobs: readonly PreparedJob[]): Promise<readonly JobReceipt[]> {
  const receipts: JobReceipt[] = [];
  for (let start = 0; start < jobs.length; start += BULK_SIZE) {
    const slice = jobs.length <= BULK_SIZE ? jobs : jobs.slice(start, start + BULK_SIZE);
    let stored: readonly { readonly id?: string | undefined }[];
    try {
      const queue = engine.readyQueue(name) ?? (await engine.queue(name));
      stored = await Job.createBulk(
        queue,
        slice.map(({ contract, data, options }) => ({ name: contract.name, data, opts: options })),
      );
    } catch (cause) {
      throw unavailable(name, cause);
    }
    for (const [index, job] of slice.entries()) receipts.push(receiptOf(job, stored[index]?.id));
  }
  return receipts;
}

function receiptOf(job: PreparedJob, storedId: string | undefined): JobReceipt {
  const { name, queue } = job.contract;
  if (storedId === undefined) throw new QueueUnavailableError(queue, 'the engine answered without a job id');
  if (
    storedId !== job.id &&
    job.keyed &&
    parseJobId(storedId)?.digest !== job.digest &&
    !haveOneOrigin(storedId, job.id)
  ) {
    throw new IdempotencyConflictError(name, storedId);
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
      jobs.map(({ id, name, data, options }) => ({ name, data, opts: { ...options, jobId: id } })),
    );
    return stored.map(({ id }) => id);
  } catch (cause) {
    throw unavailable(queue, cause);
  }
}

/** What the producer is told when the engine did not do its part. */
export function unavailable(queue: string, cause: unknown): ShiftworkError {
  if (cause instanceof QueueUnavailableError) return cause;
  return new QueueUnavailableError(queue, reasonOf(cause), cause instanceof Error ? { cause: bareError(cause) } : {});
}

/** Said in our words: an engine's message may carry hosts, keys or the command with its data. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  if (/\bOOM\b/.test(message)) return 'the engine is out of memory (maxmemory reached)';
  if (/READONLY/.test(message)) return 'the engine is a read-only replica';
  if (/NOAUTH|WRONGPASS|password authentication/i.test(message)) return 'the engine refused the credentials';
  if (/timed? ?out|timeout/i.test(message)) return 'no answer came in time';
  if (cause instanceof ShiftworkError) return cause.message.replace(/\.$/, '');
  // An SQLSTATE, or the first word of an answer of Redis: neither says anything about the data.
  const said = isConnectionError(cause) ? undefined : (codeOf(cause) ?? /^[A-Z]{3,20}(?= )/.exec(message)?.[0]);
  return said === undefined ? 'the engine is away' : `the engine failed with ${said}`;
}
