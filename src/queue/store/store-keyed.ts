import type { Engine, NewJob } from '../../engine/index.ts';
import type { AddedJob, AddingQueues } from './adding-queues.ts';
import type { JobReceipt } from './job-receipt.ts';
import type { PreparedJob } from '../prepare/prepare.ts';

/** Where jobs are stored. */
export interface JobStore {
  readonly engine: Engine;
  readonly adding: AddingQueues;
}

/** Age, delay and expiry count from now, by the engine's clock: only now, since that is known when the queue is open. */
export function enqueuedNow(
  { clock }: Engine,
  { id, contract, stored, options, metadata, before }: PreparedJob,
): NewJob {
  return { id, name: contract.name, data: stored, opts: options, metadata, timestamp: Math.floor(clock.now()), before };
}

/** A receipt, or the id of the job that the key stands for and that carries other data. */
export type Answer = JobReceipt | string;

/** Stores jobs of one queue in one trip, or in as few as the engine takes. */
export function storeTogether(
  { engine, adding }: JobStore,
  queue: string,
  jobs: readonly PreparedJob[],
): Promise<readonly Answer[]> {
  const adds = jobs.map(job => enqueuedNow(engine, job));
  return adding.add(queue, adds).then(added => jobs.map((job, index) => answerTo(job, added[index])));
}

function answerTo({ contract, id }: PreparedJob, added: AddedJob | undefined): Answer {
  if (added === undefined) throw new Error('The engine answered for too few jobs.');
  if (added.kind === 'conflict') return added.id;
  const { name, queue } = contract;
  if (added.kind === 'updated') return { id: added.id, name, queue, deduplicated: true, updated: true };
  return { id: added.id, name, queue, deduplicated: added.id !== id };
}
