import { randomUUID } from 'node:crypto';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { storedKeyOf } from '../engine/index.ts';
import {
  itemsIn,
  type AnyJobContract,
  type EnqueueOptions,
  type InputOf,
  type JobContract,
  type JobRequest,
} from '../contracts/index.ts';
import {
  ClientClosedError,
  IdempotencyConflictError,
  type KeyConflict,
  prepare,
  type Enqueuer,
  type JobReceipt,
  type PreparedJob,
} from '../queue/index.ts';
import { knownSecrets } from '../secrets/index.ts';
import { createIdSource } from '../time/index.ts';

/** A job that a producer has enqueued in a test. */
export interface RecordedJob {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** As a worker would read it: what JSON made of what the producer gave. */
  readonly data: unknown;
  readonly delayMs: number;
  readonly correlationId: string;
  /** As the producer gave them. */
  readonly options: EnqueueOptions;
}

/**
 * Stands where a `Client` stands in a producer's test: checks everything that the real one checks, keeps the jobs in memory,
 * oldest first. Keys deduplicate as in a queue in which no job ever runs. Items of a contract with `chunk` are gathered with nobody's: each is
 * a job of its own here.
 *
 * Use: `const client = recordingClient(); await createEmailProducer(client).sendWelcomeEmail(user);
 * expect(client.dataOf(welcomeEmail)).toEqual([user])`.
 */
export class RecordingClient implements Enqueuer {
  readonly #secrets = knownSecrets(randomUUID()).known;
  /** Nothing is stored, so nothing is encrypted. */
  readonly #context = { ids: createIdSource(), cipher: undefined, traceparent: () => undefined };
  readonly #jobs: RecordedJob[] = [];
  readonly #byKey = new Map<string, PreparedJob>();
  #closed = false;

  get enqueued(): readonly RecordedJob[] {
    return this.#jobs;
  }

  /** The data of every job of this contract. */
  dataOf<Contract extends AnyJobContract>(contract: Contract): readonly InputOf<Contract>[] {
    // Each was validated by the contract of that name when it was enqueued.
    return this.#jobs.filter(({ name }) => name === contract.name).map(({ data }) => data as InputOf<Contract>);
  }

  async enqueue<Schema extends StandardSchemaV1>(
    contract: JobContract<Schema>,
    data: StandardSchemaV1.InferInput<Schema>,
    options?: EnqueueOptions,
  ): Promise<JobReceipt> {
    this.#refuseIfClosed();
    const answer = this.#record(prepare(this.#context, this.#secrets, contract, data, options), options ?? {});
    if (typeof answer !== 'string') return answer;
    throw new IdempotencyConflictError([{ index: 0, contract: contract.name, jobId: answer }]);
  }

  /** All are checked before the first is recorded. Keys that stand for other data keep no other job from being recorded. */
  async enqueueMany(requests: readonly JobRequest[]): Promise<readonly JobReceipt[]> {
    this.#refuseIfClosed();
    const jobs: (readonly [PreparedJob, EnqueueOptions])[] = [];
    for (const { contract, data, options } of requests) {
      jobs.push([prepare(this.#context, this.#secrets, contract, data, options), options]);
    }
    const conflicts: KeyConflict[] = [];
    const receipts = jobs.map(([job, options], index) => {
      const answer = this.#record(job, options);
      if (typeof answer !== 'string') return answer;
      conflicts.push({ index, contract: job.contract.name, jobId: answer });
      return undefined;
    });
    const [conflict, ...others] = conflicts;
    if (conflict !== undefined) throw new IdempotencyConflictError([conflict, ...others], receipts);
    return receipts.filter(receipt => receipt !== undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new ClientClosedError();
  }

  /** A receipt, or the id of the job that the key stands for and that carries other data. */
  #record(job: PreparedJob, options: EnqueueOptions): JobReceipt | string {
    const { name, queue } = job.contract;
    const key = job.key?.present.id;
    const first = key === undefined ? undefined : this.#byKey.get(key);
    const stored: unknown = JSON.parse(job.json);
    // As the one item that it is.
    const data = job.contract.chunk === undefined ? stored : itemsIn(stored)[0];
    if (first !== undefined && storedKeyOf(job.options)?.keep === 'last') {
      const at = this.#jobs.findIndex(({ id }) => id === first.id);
      const waiting = this.#jobs[at];
      if (waiting !== undefined) this.#jobs[at] = { ...waiting, data, delayMs: job.delayMs, options };
      return { id: first.id, name, queue, deduplicated: true, updated: true };
    }
    if (first !== undefined) {
      if (first.key?.present.data !== job.key?.present.data) return first.id;
      return { id: first.id, name, queue, deduplicated: true };
    }
    if (key !== undefined) this.#byKey.set(key, job);
    const { id, delayMs, correlationId } = job;
    this.#jobs.push({ id, name, queue, data, delayMs, correlationId, options });
    return { id, name, queue, deduplicated: false, ...(job.contract.chunk !== undefined && { item: 0 }) };
  }
}

export function recordingClient(): RecordingClient {
  return new RecordingClient();
}
