import type { Engine, EngineQueue } from '../engine/index.ts';
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

/** @throws QueueUnavailableError, IdempotencyConflictError */
export async function storeOne(engine: Engine, job: PreparedJob): Promise<JobReceipt> {
  const { queue: queueName } = job.contract;
  let storedId: string | undefined;
  try {
    const queue = await engine.queue(queueName);
    storedId = (await queue.add(job.contract.name, job.data, job.options)).id;
  } catch (cause) {
    throw unavailable(queueName, cause);
  }
  return receiptOf(job, storedId);
}

/** Stores all in bulks by queue; receipts come in the order of the jobs. */
export async function storeMany(engine: Engine, jobs: readonly PreparedJob[]): Promise<readonly JobReceipt[]> {
  const receipts: JobReceipt[] = [];
  const positions = new Map<string, number[]>();
  for (const [position, job] of jobs.entries()) {
    const list = positions.get(job.contract.queue) ?? [];
    positions.set(job.contract.queue, list);
    list.push(position);
  }
  for (const [queueName, list] of positions) {
    let queue: EngineQueue;
    try {
      queue = await engine.queue(queueName);
    } catch (cause) {
      throw unavailable(queueName, cause);
    }
    for (let start = 0; start < list.length; start += BULK_SIZE) {
      const slice = list.slice(start, start + BULK_SIZE).flatMap(position => {
        const job = jobs[position];
        return job === undefined ? [] : [{ position, job }];
      });
      let stored: readonly { readonly id?: string | undefined }[];
      try {
        stored = await queue.addBulk(
          slice.map(({ job }) => ({ name: job.contract.name, data: job.data, opts: job.options })),
        );
      } catch (cause) {
        throw unavailable(queueName, cause);
      }
      for (const [index, { position, job }] of slice.entries()) receipts[position] = receiptOf(job, stored[index]?.id);
    }
  }
  return receipts;
}

function receiptOf(job: PreparedJob, storedId: string | undefined): JobReceipt {
  const { name, queue } = job.contract;
  if (storedId === undefined) throw new QueueUnavailableError(queue, 'the engine answered without a job id');
  if (storedId !== job.id && job.keyed && parseJobId(storedId)?.digest !== job.digest) {
    throw new IdempotencyConflictError(name, storedId);
  }
  return { id: storedId, name, queue, deduplicated: storedId !== job.id };
}

function unavailable(queue: string, cause: unknown): ShiftworkError {
  if (cause instanceof QueueUnavailableError) return cause;
  return new QueueUnavailableError(queue, reasonOf(cause), { cause });
}

/** Said in our words: an engine's message may carry hosts, keys or the command with its data. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  if (/\bOOM\b/.test(message)) return 'the engine is out of memory (maxmemory reached)';
  if (/READONLY/.test(message)) return 'the engine is a read-only replica';
  if (/NOAUTH|WRONGPASS|password authentication/i.test(message)) return 'the engine refused the credentials';
  if (/timed? ?out|timeout/i.test(message)) return 'no answer came in time';
  if (cause instanceof ShiftworkError) return cause.message.replace(/\.$/, '');
  return 'the engine is away';
}
