import type { AnyJobContract } from '../../contracts/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { Secrets, SecretSource } from '../../secrets/index.ts';
import { finish, takesSecrets, type CheckedJob, type PrepareContext, type PreparedJob } from '../prepare/prepare.ts';
import type { ProducerNote } from '../producer/producer-note.ts';
import { emitStored, isStoringHeard } from './emit-stored.ts';
import type { JobReceipt } from './job-receipt.ts';
import type { JobStore } from './store-keyed.ts';
import { storeMany, storeOne, unavailable, type StoredMany } from './store.ts';

export interface StoringOptions {
  readonly store: JobStore;
  readonly secrets: SecretSource;
  readonly facts: Facts;
  readonly producer: ProducerNote;
}

/** What becomes of jobs that have passed every check: finished with what takes a secret, stored, stated. */
export class Storing {
  readonly #store: JobStore;
  readonly #secrets: SecretSource;
  readonly #facts: Facts;
  readonly #producer: ProducerNote;

  constructor({ store, secrets, facts, producer }: StoringOptions) {
    this.#store = store;
    this.#secrets = secrets;
    this.#facts = facts;
    this.#producer = producer;
  }

  /** At once where no secret is needed, or it is known: that is after the first job with a key. @throws as `storeOne`; as rejections */
  one(context: PrepareContext, checked: CheckedJob): Promise<JobReceipt> {
    const { known } = this.#secrets;
    if (!takesSecrets(checked) || known !== undefined) {
      let job: PreparedJob;
      try {
        job = finish(context, checked, known);
      } catch (error) {
        return Promise.reject(error);
      }
      return this.prepared(job);
    }
    return this.secretsFor(checked.contract).then(secrets => this.prepared(finish(context, checked, secrets)));
  }

  /** `items`: of a chunk. @throws as `storeOne`; as rejections */
  prepared(job: PreparedJob, items?: number): Promise<JobReceipt> {
    this.#producer.keep();
    const storing = storeOne(this.#store, job);
    if (!isStoringHeard(this.#facts)) return storing;
    return storing.then(receipt => {
      emitStored(this.#facts, job, receipt, items);
      return receipt;
    });
  }

  /** Finishes jobs with what takes a secret. @throws QueueUnavailableError where none could be had */
  async prepare(context: PrepareContext, checked: readonly CheckedJob[]): Promise<readonly PreparedJob[]> {
    const { known } = this.#secrets;
    const needing = known === undefined ? checked.find(takesSecrets) : undefined;
    const secrets = needing === undefined ? known : await this.secretsFor(needing.contract);
    return checked.map(each => finish(context, each, secrets));
  }

  /** As `storeMany`, with the facts of it. */
  async many(jobs: readonly PreparedJob[]): Promise<StoredMany> {
    this.#producer.keep();
    const stored = await storeMany(this.#store, jobs);
    if (!isStoringHeard(this.#facts)) return stored;
    for (const [index, job] of jobs.entries()) {
      const receipt = stored.receipts[index];
      if (receipt !== undefined) emitStored(this.#facts, job, receipt);
    }
    return stored;
  }

  /** @throws QueueUnavailableError */
  secretsFor({ queue }: AnyJobContract): Promise<Secrets> {
    // The queue first: an engine that is away, or lacks its tables, says so as it does for any job.
    const loading = this.#store.engine.queue(queue).then(() => this.#secrets.load());
    return loading.catch((cause: unknown) => {
      throw unavailable(queue, cause);
    });
  }
}
