import type { Engine, EngineQueue, NewJob } from '../../engine/index.ts';
import type { AddingQueues } from './adding-queues.ts';
import type { JobReceipt } from './job-receipt.ts';
import type { KeyRecords } from '../keys/key-records.ts';
import type { PreparedJob } from '../prepare/prepare.ts';
import { QueueUnavailableError } from './queue-unavailable-error.ts';

/** Where jobs are stored. */
export interface JobStore {
  readonly engine: Engine;
  readonly adding: AddingQueues;
  readonly records: KeyRecords;
}

/** Age, delay and expiry count from now, by the engine's clock: only now, since that is known when the queue is open. */
export function enqueuedNow({ clock }: Engine, { id, contract, json, options, metadata }: PreparedJob): NewJob {
  return { id, name: contract.name, data: json, opts: options, metadata, timestamp: Math.floor(clock.now()) };
}

/** A receipt, or the id of the job that the key stands for and that carries other data. */
export type Answer = JobReceipt | string;

/**
 * Stores jobs of one queue, of which some have keys, in one trip: two on PostgreSQL, and one more where a key stands for a job already or
 * while a previous secret is looked under.
 */
export async function storeTogether(
  { engine, adding, records }: JobStore,
  queue: EngineQueue,
  jobs: readonly PreparedJob[],
): Promise<readonly Answer[]> {
  const before = await standingBefore(queue, jobs);
  const fresh = before.size === 0 ? jobs : jobs.filter(job => !before.has(job));
  const marks = fresh.flatMap(recordOf);
  const kept = marks.length === 0 ? undefined : records.keep(queue.name, marks);
  // Redis does them in the order in which they are sent; PostgreSQL on connections that know nothing of each other.
  if (engine.kind === 'postgres') await kept;
  const added = await adding.add(
    queue.name,
    fresh.map(job => enqueuedNow(engine, job)),
  );
  await kept;
  const ids = new Map(fresh.map((job, index) => [job, added[index]]));
  const standing = jobs.map(job => before.get(job) ?? requireId(queue, ids.get(job)));
  const others = standing.filter((id, index) => id !== jobs[index]?.id);
  const known = await records.read(queue.name, others);
  return jobs.map((job, index) => answerTo(job, standing[index] ?? job.id, known));
}

function recordOf({ id, key, contract }: PreparedJob): { jobId: string; data: string; keptMs: number }[] {
  const data = key?.present.data;
  return data === undefined ? [] : [{ jobId: id, data, keptMs: contract.keyWindowMs }];
}

/** The jobs that stand for these since before the secret was changed. */
async function standingBefore(
  queue: EngineQueue,
  jobs: readonly PreparedJob[],
): Promise<ReadonlyMap<PreparedJob, string>> {
  const found = new Map<PreparedJob, string>();
  // Nothing to wait for when no secret was changed, which is nearly always.
  const asked = jobs.filter(({ key }) => key?.previous !== undefined);
  await Promise.all(
    asked.map(async job => {
      const { key, previousId } = job;
      const holder = key?.previous && (await queue.getDeduplicationJobId(key.previous.id));
      if (typeof holder === 'string' && holder !== '') found.set(job, holder);
      else if (previousId !== undefined && (await queue.getJobState(previousId)) !== 'unknown')
        found.set(job, previousId);
    }),
  );
  return found;
}

function requireId(queue: EngineQueue, id: string | undefined): string {
  if (id !== undefined) return id;
  throw new QueueUnavailableError(queue.name, 'the engine answered without a job id');
}

function answerTo(job: PreparedJob, standing: string, known: ReadonlyMap<string, unknown>): Answer {
  const { contract, id, key, previousId } = job;
  const { name, queue } = contract;
  if (standing === id) return { id, name, queue, deduplicated: false };
  // Made again from the same cause it is the same job, also where its maker looked at the clock.
  if (standing === previousId) return { id: standing, name, queue, deduplicated: true };
  const data = known.get(standing);
  const isSame = data === undefined || data === key?.present.data || data === key?.previous?.data;
  return isSame ? { id: standing, name, queue, deduplicated: true } : standing;
}
