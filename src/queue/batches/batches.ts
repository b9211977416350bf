import { randomBytes } from 'node:crypto';
import type { AnyJobContract, JobRequest } from '../../contracts/index.ts';
import { MEMBERS_AT_ONCE, type BatchStore, type Callback, type Engine, type MemberEnd } from '../../engine/index.ts';
import { isShiftworkError, type ShiftworkError } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import { IdempotencyConflictError } from '../keys/idempotency-conflict-error.ts';
import { stemsFromOutage } from '../../resilience/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { currentCause } from '../../tracing/index.ts';
import { ownTags, tagDigests } from '../find/job-tags.ts';
import { BATCH } from '../meta/job-meta.ts';
import type { CausedBy, JobOrigin } from '../ids/job-origin.ts';
import { check, type PreparedJob } from '../prepare/prepare.ts';
import type { JobReceipt } from '../store/job-receipt.ts';
import { unavailable } from '../store/store.ts';
import { checkBatch, type BatchDefinition, type CheckedBatch } from './batch-definition.ts';
import { BatchEndedError } from './batch-ended-error.ts';
import { batchView, type BatchView } from './batch-view.ts';
import { batchDigest } from './batch-digest.ts';
import {
  callBack,
  jobsDigestIn,
  readCallbacks,
  requestsOf,
  writeCallbacks,
  type RequestedCallbacks,
} from './call-back.ts';

/** What whoever makes a batch gets back once all of its jobs are queued. */
export interface BatchReceipt {
  readonly id: string;
  readonly name: string;
  /**
   * In the order of the jobs. For one that is `deduplicated` this call has queued nothing. Of a first call its key stood for another job, whose id
   * that is; it is no member. Of a repeat it has ended, or never was a member: then no job has its id. A member that is still open is answered
   * as by the first call.
   */
  readonly jobs: readonly JobReceipt[];
}

type OriginOf = (request: JobRequest, index: number) => JobOrigin | undefined;

/** What a batch needs of its client. */
export interface BatchesOptions {
  readonly engine: Engine;
  readonly facts: Facts;
  /** Makes ids that sort by time. */
  readonly nextId: () => string;
  readonly loadSecrets: (contract: AnyJobContract) => Promise<Secrets>;
  /** Checks all, then makes them ready to be stored as members of that batch. */
  readonly prepare: (
    requests: readonly JobRequest[],
    origin: OriginOf,
    batchId: string,
  ) => Promise<readonly PreparedJob[]>;
  /** Stores, and states what was queued. */
  readonly store: (
    jobs: readonly PreparedJob[],
  ) => Promise<{ readonly receipts: readonly (JobReceipt | undefined)[]; readonly error: ShiftworkError | undefined }>;
  readonly enqueueFrom: (from: CausedBy, requests: readonly JobRequest[]) => Promise<readonly JobReceipt[]>;
}

/** Makes batches: a job is made a member before it is queued, so that none can end unseen. */
export class Batches {
  readonly #options: BatchesOptions;
  #store: BatchStore | undefined;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** @throws as `Client.batch` */
  async make(definition: BatchDefinition): Promise<BatchReceipt> {
    const batch = checkBatch(definition);
    const { name, jobs } = batch;
    const [first] = jobs;
    const queue = first?.contract.queue ?? '';
    // Also for the time: an engine that is away says so as it does for any job.
    await this.#options.engine.queue(queue).catch((cause: unknown) => {
      throw unavailable(queue, cause);
    });
    const id = await this.#idOf(batch);
    // Before anything is stored: what cannot be queued later is refused now.
    const requests = requestsOf(batch.callbacks, { id, name });
    const caused = await this.#requested(requests);
    const at = Math.floor(this.#options.engine.clock.now());
    // Made when all are ready: what is refused leaves no batch behind.
    const prepared =
      batch.idempotencyKey === undefined
        ? await this.#options.prepare(jobs, () => undefined, id)
        : await this.#prepareKeyed(id, batch, at, caused);
    if (batch.idempotencyKey === undefined) {
      await this.#ask(queue, store =>
        store.create({ id, name, callbacks: writeCallbacks(this.#options.engine.cipher, caused), at }),
      );
    }
    const byName = new Map(Object.values(requests).map(({ contract }) => [contract.name, contract]));
    const joined = await this.#join(id, prepared, byName);
    this.#options.facts.emit('batch.enqueued', { batchId: id, batchName: name, jobs: joined.length });
    return { id, name, jobs: joined };
  }

  /** Checks what is to be called back, and says what each can be found by. */
  async #requested(requests: Readonly<Partial<Record<Callback, JobRequest>>>): Promise<RequestedCallbacks> {
    const { correlationId } = currentCause() ?? {};
    const checked = Object.entries(requests).map(([callback, request]) => {
      const { contract, data, options } = request;
      check(contract, data, options);
      const caused = correlationId === undefined ? request : { ...request, options: { correlationId, ...options } };
      return { callback, request: caused, tags: ownTags(contract, data) };
    });
    const tagged = checked.find(({ tags }) => tags !== undefined);
    const secrets = tagged && (await this.#options.loadSecrets(tagged.request.contract));
    return Object.fromEntries(
      checked.map(({ callback, request, tags }) => [
        callback,
        { request, tags: tags && secrets && tagDigests(secrets.present, tags) },
      ]),
    );
  }

  /** The ids of its jobs are made of the batch, and of when it was made: those of a repeat are the same. */
  async #prepareKeyed(
    id: string,
    { name, jobs }: CheckedBatch,
    now: number,
    caused: RequestedCallbacks,
  ): Promise<readonly PreparedJob[]> {
    const [first] = jobs;
    if (first === undefined) return [];
    const { queue } = first.contract;
    const preparedAt = (atMs: number): Promise<readonly PreparedJob[]> =>
      this.#options.prepare(
        jobs,
        ({ contract }, index) => ({ cause: JSON.stringify([id, contract.name, index]), atMs, byIdAlone: true }),
        id,
      );
    const known = await this.#ask(queue, store => store.read(id));
    const prepared = await preparedAt(known?.at ?? now);
    const { present, previous } = await this.#options.loadSecrets(first.contract);
    const digest = batchDigest(
      id,
      prepared,
      jobs.map(({ options }) => options?.generated),
    );
    const callbacks = writeCallbacks(this.#options.engine.cipher, caused, digest(present));
    const stands = await this.#ask(queue, store => store.create({ id, name, callbacks, at: now }));
    const its = jobsDigestIn(stands);
    const digests = previous === undefined ? [present] : [present, previous];
    if (its !== undefined && !digests.some(each => digest(each) === its)) {
      throw new IdempotencyConflictError([{ index: 0, contract: name, jobId: id }]);
    }
    // Somebody else made it between the two.
    return stands.at === (known?.at ?? now) ? prepared : preparedAt(stands.at);
  }

  /** Adds jobs, once for each cause. @throws as `Client.addToBatch` */
  async add(
    id: string,
    { id: causeId, at }: CausedBy,
    requests: readonly JobRequest[],
  ): Promise<readonly JobReceipt[]> {
    const origin: OriginOf = ({ contract }, index) => ({
      cause: JSON.stringify([id, causeId, contract.name, index]),
      atMs: at.getTime(),
      byIdAlone: true,
    });
    if (requests.length === 0) return [];
    return this.#join(id, await this.#options.prepare(requests, origin, id), new Map());
  }

  async view(id: string): Promise<BatchView | undefined> {
    const batch = await this.#ask('', store => store.read(id));
    if (batch === undefined) return undefined;
    const given = readCallbacks(batch);
    return batchView(
      batch,
      batch.called.filter(callback => given[callback] !== undefined),
    );
  }

  async #join(
    id: string,
    jobs: readonly PreparedJob[],
    contracts: ReadonlyMap<string, AnyJobContract>,
  ): Promise<readonly JobReceipt[]> {
    const { engine, store, enqueueFrom } = this.#options;
    const queue = jobs[0]?.contract.queue ?? '';
    const open: boolean[] = [];
    for (let from = 0; from < jobs.length; from += MEMBERS_AT_ONCE) {
      const ids = jobs.slice(from, from + MEMBERS_AT_ONCE).map(job => job.id);
      const answers = await this.#ask(queue, batches => batches.addMembers(id, ids, Math.floor(engine.clock.now())));
      if (answers === undefined) throw new BatchEndedError(id);
      open.push(...answers);
    }
    const joining = open.every(Boolean) ? jobs : jobs.filter((_, index) => open[index] === true);
    const { receipts, error } = await store(joining);
    const at = Math.floor(engine.clock.now());
    const isOther = (job: PreparedJob, receipt: JobReceipt | undefined): boolean =>
      receipt === undefined ? error?.code === 'IDEMPOTENCY_CONFLICT' : receipt.id !== job.id;
    const skipped = joining
      .filter((job, index) => isOther(job, receipts[index]))
      .map((job): MemberEnd => ({ batchId: id, jobId: job.id, state: 'skipped', at }));
    if (skipped.length > 0) {
      await this.#ask(queue, async batches => {
        const failed = (_: string, cause: unknown): never => {
          throw cause;
        };
        const contractOf = (name: string): AnyJobContract | undefined => contracts.get(name);
        const on = {
          cipher: engine.cipher,
          store: batches,
          enqueueFrom,
          contractOf,
          failed,
          isOutage: stemsFromOutage,
          facts: this.#options.facts,
        };
        for (const batch of await batches.bring(skipped, at)) await callBack(on, batch);
      });
    }
    if (error !== undefined) throw error;
    // The common case: each is queued under its own id.
    if (joining === jobs) return receipts.filter(receipt => receipt !== undefined);
    const byId = new Map(joining.map((job, index) => [job.id, receipts[index]]));
    return jobs.map(
      ({ id: jobId, contract }) =>
        byId.get(jobId) ?? { id: jobId, name: contract.name, queue: contract.queue, deduplicated: true },
    );
  }

  /** A colon is in no job's id. */
  async #idOf({ name, idempotencyKey, jobs: [first] }: CheckedBatch): Promise<string> {
    if (idempotencyKey === undefined || first === undefined) {
      return `${BATCH}${this.#options.nextId()}-${randomBytes(6).toString('hex')}`;
    }
    const { present, previous } = await this.#options.loadSecrets(first.contract);
    const idWith = (digests: Secrets['present']): string =>
      `${BATCH}${digests.hexOf('cause', JSON.stringify(['batch', name, idempotencyKey])).slice(0, 32)}`;
    if (previous === undefined) return idWith(present);
    const before = idWith(previous);
    const known = await this.#ask(first.contract.queue, store => store.read(before));
    return known === undefined ? idWith(present) : before;
  }

  async #ask<Answer>(queue: string, ask: (store: BatchStore) => Promise<Answer>): Promise<Answer> {
    try {
      this.#store ??= await this.#options.engine.batches();
      return await ask(this.#store);
    } catch (cause) {
      throw isShiftworkError(cause) && !stemsFromOutage(cause) ? cause : unavailable(queue, cause);
    }
  }
}
