import type { JobsOptions } from 'bullmq';
import { reasonOf } from '../../resilience/index.ts';
import { bareError } from '../../privacy/index.ts';
import { IdempotencyConflictError, type KeyConflict } from '../keys/idempotency-conflict-error.ts';
import { QueueUnavailableError, type QueueUnavailableOptions } from './queue-unavailable-error.ts';
import { isShiftworkError, type ShiftworkError } from '../../errors/index.ts';
import { type JobReceipt } from './job-receipt.ts';
import type { PreparedJob } from '../prepare/prepare.ts';
import { enqueuedNow, storeTogether, type Answer, type JobStore } from './store-keyed.ts';

/** Large enough to pay for the trip, small enough that one answer comes well within the two seconds. */
const BULK_SIZE = 1_000;

/** @throws QueueUnavailableError, IdempotencyConflictError; as rejections */
export function storeOne(store: JobStore, job: PreparedJob): Promise<JobReceipt> {
  const { name, queue } = job.contract;
  const { engine } = store;
  const ready = engine.readyQueue(queue);
  const storing = (): Promise<JobReceipt> =>
    // Nobody can have queued it before: no more is asked than to store it.
    job.key === undefined
      ? store.adding
          .add(queue, [enqueuedNow(engine, job)])
          .then(() => ({ id: job.id, name, queue, deduplicated: false }))
      : storeTogether(store, queue, [job]).then(([answer]) => receiptOf(job, answer));
  return (ready === undefined ? engine.queue(queue).then(storing) : storing()).catch((cause: unknown) => {
    throw cause instanceof IdempotencyConflictError ? cause : unavailable(queue, cause);
  });
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
export async function storeMany(store: JobStore, jobs: readonly PreparedJob[]): Promise<StoredMany> {
  const [first] = jobs;
  if (first === undefined) return { receipts: [], error: undefined };
  // One queue is the common case, and needs no sorting back.
  const isOne = jobs.every(job => job.contract.queue === first.contract.queue);
  const groups = isOne ? [jobs] : [...Map.groupBy(jobs, job => job.contract.queue).values()];
  const answers: (Answer | undefined)[] = [];
  let outage: { readonly queue: string; readonly cause: unknown } | undefined;
  for (const group of groups) {
    outage ??= await storeIn(store, group, answers);
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

function sortedBack(
  jobs: readonly PreparedJob[],
  asStored: readonly PreparedJob[],
  answers: readonly (Answer | undefined)[],
): readonly (Answer | undefined)[] {
  const byJob = new Map(asStored.map((job, index) => [job, answers[index]]));
  return jobs.map(job => byJob.get(job));
}

/** Adds an answer for each job that was stored; says why where it went no further. */
async function storeIn(
  store: JobStore,
  jobs: readonly PreparedJob[],
  answers: (Answer | undefined)[],
): Promise<{ readonly queue: string; readonly cause: unknown } | undefined> {
  const queue = jobs[0]?.contract.queue ?? '';
  const { engine } = store;
  for (let start = 0; start < jobs.length; start += BULK_SIZE) {
    const slice = jobs.length <= BULK_SIZE ? jobs : jobs.slice(start, start + BULK_SIZE);
    try {
      if (engine.readyQueue(queue) === undefined) await engine.queue(queue);
      answers.push(...(await storeTogether(store, queue, slice)));
    } catch (cause) {
      return { queue, cause };
    }
  }
  return undefined;
}

function receiptOf(job: PreparedJob, answer: Answer | undefined): JobReceipt {
  const { name, queue } = job.contract;
  if (answer === undefined) throw new QueueUnavailableError(queue, 'the engine gave no answer');
  if (typeof answer !== 'string') return answer;
  throw new IdempotencyConflictError([{ index: 0, contract: name, jobId: answer }]);
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
 * Answers the ids under which they stand: another one where a key stood for another job, whatever its data.
 * @throws QueueUnavailableError; some may have been stored
 */
export async function storePrepared(
  { engine, adding }: JobStore,
  queue: string,
  jobs: readonly StorableJob[],
): Promise<readonly (string | undefined)[]> {
  try {
    if (engine.readyQueue(queue) === undefined) await engine.queue(queue);
    const now = engine.clock.now();
    const added = await adding.add(
      queue,
      jobs.map(({ id, name, data, options, agedMs }) => {
        const timestamp = Math.floor(now - agedMs);
        return { id, name, data: JSON.stringify(data), opts: options, timestamp };
      }),
    );
    return added.map(({ id }) => id);
  } catch (cause) {
    throw unavailable(queue, cause);
  }
}

/** The producer's error when the engine did not do its part. */
export function unavailable(
  queue: string,
  cause: unknown,
  options: Omit<QueueUnavailableOptions, 'cause'> = {},
): ShiftworkError {
  if (cause instanceof QueueUnavailableError && options.receipts === undefined) return cause;
  const bare = cause instanceof Error ? { ...options, cause: bareError(cause) } : options;
  return new QueueUnavailableError(queue, reasonFrom(cause), bare);
}

/** Said in our words: an engine's message may carry hosts, keys or the command with its data. */
function reasonFrom(cause: unknown): string {
  return isShiftworkError(cause) ? cause.message.replace(/\.$/, '') : reasonOf(cause);
}
