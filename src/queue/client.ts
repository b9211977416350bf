// Long because all that a producer may ask stands in this one class, each with its shapes, units and errors; what is done about it stands in the folders beside.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Tracer } from '../tracing/index.ts';
import {
  InvalidPayloadError,
  PayloadTooLargeError,
  type AnyJobContract,
  type App,
  type EnqueueOptions,
  type FlowRequest,
  type JobContract,
  type JobRequest,
  type ResultOf,
  type SchemaOrNone,
} from '../contracts/index.ts';
import type { Engine } from '../engine/index.ts';
import { openJournal, type JournalDatabase, type JournalStore } from '../journal/index.ts';
import { codeOf, InvalidOptionsError } from '../errors/index.ts';
import { Batches, type BatchReceipt } from './batches/batches.ts';
import type { BatchDefinition } from './batches/batch-definition.ts';
import { BatchEndedError } from './batches/batch-ended-error.ts';
import type { BatchView } from './batches/batch-view.ts';
import { checkFlow } from './flows/check-flow.ts';
import { flowReceipt, newFlow, type FlowReceipt } from './flows/new-flow.ts';
import { ClientClosedError } from './client-closed-error.ts';
import { UndecodableJobError } from './views/undecodable-job-error.ts';
import { type JobReceipt } from './store/job-receipt.ts';
import type { Facts } from '../facts/index.ts';
import { EncryptedDataError, PayloadKeyMissingError } from '../privacy/index.ts';
import type { SecretSource } from '../secrets/index.ts';
import { cancelJob, type CancelAnswer } from './cancel/cancel-job.ts';
import { checkCancelOptions, type CancelOptions } from './cancel/check-cancel-options.ts';
import { isBatchId, requireContract, requireRequests, requireText } from './prepare/check-requests.ts';
import { toldApart } from './erase/callers-faults.ts';
import { checkErase, type EraseOptions } from './erase/check-erase.ts';
import { NOT_REACHED_FROM_APPS, type ErasedTag } from './erase/erased.ts';
import { eraseTag } from './erase/erase-tag.ts';
import { remember } from './insides.ts';
import { ProducerNote } from './producer/producer-note.ts';
import { JobWatches } from './watch/job-watches.ts';
import { TagWatches } from './watch/tag-watches.ts';
import type { Enqueuer } from './enqueuer.ts';
import { placeOf } from './ids/job-id.ts';
import { checkFind, type FindOptions } from './find/check-find.ts';
import { findJobs, type FoundJobs } from './find/find-jobs.ts';
import { originOf, type CausedBy, type JobOrigin } from './ids/job-origin.ts';
import { readJobDetails, type JobDetails } from './views/job-details.ts';
import { traced } from './prepare/traced.ts';
import { AddingQueues } from './store/adding-queues.ts';
import { check, type CheckedJob, type PrepareContext, type PreparedJob } from './prepare/prepare.ts';
import { checkUpdate, type JobUpdateByName, type JobUpdateOf } from './update/check-update.ts';
import { updateJob, type ChangeContext, type UpdatedJob } from './update/update-job.ts';
import { notedQueues, readPauses, type Pause } from './pauses/pause.ts';
import { checkPauseOptions, checkTarget, type PauseOptions, type PauseTarget } from './pauses/pause-target.ts';
import { pauseWork, resumeWork, type PauseContext } from './pauses/pause-work.ts';
import { Schedules } from './schedules/schedules.ts';
import { UnknownScheduleError } from './schedules/unknown-schedule-error.ts';
import { checkReplay, type JobReplayByName, type JobReplayOf } from './replay/check-replay.ts';
import { replayJob } from './replay/replay-job.ts';
import type { ReplayedJob } from './replay/replayed-job.ts';
import { ReplayRefusedError } from './replay/replay-refused-error.ts';
import { UpdateRefusedError } from './update/update-refused-error.ts';
import type { AskedOfQueue } from './store/queue-unavailable-error.ts';
import type { ReadyItem } from './chunks/chunk-gatherer.ts';
import { causeOfCall, Chunks, isGathered, readyItem } from './chunks/chunks.ts';
import { enqueueMixed } from './chunks/enqueue-mixed.ts';
import { emitStored, isStoringHeard } from './store/emit-stored.ts';
import { Storing } from './store/storing.ts';
import { unavailable } from './store/store.ts';
import {
  checkResultOptions,
  decryptedEnd,
  EndNews,
  EndWaits,
  resultFrom,
  ResultTimeoutError,
  type ResultOptions,
} from './results/index.ts';
import type { JobStore } from './store/store-keyed.ts';

/** Errors of ours that are thrown to the caller as they are; all others are the engine's. */
const SAID = [
  UndecodableJobError,
  UpdateRefusedError,
  ReplayRefusedError,
  UnknownScheduleError,
  InvalidOptionsError,
  InvalidPayloadError,
  PayloadTooLargeError,
  PayloadKeyMissingError,
  EncryptedDataError,
];

/** What a client asks of an app. */
export type ClientApp = Pick<App, 'queues'> & Partial<Pick<App, 'jobs'>>;

type OriginOf = (request: JobRequest, index: number) => JobOrigin | undefined;

/**
 * The producer's side of the queues. Made by `connect()`; one per process is enough.
 *
 * Every method rejects with `QueueUnavailableError` within about two seconds while the engine is away, and works
 * again by itself when it is back.
 */
export class Client implements Enqueuer {
  readonly facts: Facts;
  /** Schedules that are made at run time. */
  readonly schedules: Schedules;
  /** Whom the keys of its jobs are known to: an outbox beside it shares them. */
  readonly secrets: SecretSource;
  readonly #engine: Engine;
  readonly #producer: ProducerNote;
  readonly #storing: Storing;
  readonly #context: PrepareContext;
  readonly #tracer: Tracer | undefined;
  readonly #waits: EndWaits;
  readonly #toChange: ChangeContext;
  readonly #batches: Batches;
  readonly #chunks: Chunks;
  readonly #toPause: PauseContext;
  readonly #journal: JournalDatabase | undefined;
  #inFlight = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    engine: Engine,
    facts: Facts,
    secrets: SecretSource,
    context: PrepareContext,
    tracer?: Tracer,
    app?: ClientApp,
    journal?: JournalDatabase,
    release?: string,
  ) {
    this.#journal = journal;
    this.#tracer = tracer;
    this.#engine = engine;
    const news = new EndNews(engine);
    this.#waits = new EndWaits(news);
    const store: JobStore = { engine, adding: new AddingQueues(engine) };
    this.#producer = new ProducerNote({ engine, source: context.ids.instance, release });
    this.#storing = new Storing({ store, secrets, facts, producer: this.#producer });
    this.secrets = secrets;
    this.facts = facts;
    this.#context = context;
    const { ids, now } = context;
    this.#batches = new Batches({
      engine,
      facts,
      nextId: () => ids.next(now?.()),
      loadSecrets: contract => this.#storing.secretsFor(contract),
      prepare: (requests, origin, batchId) => this.#prepareEach({ ...context, batchId }, requests, origin),
      store: jobs => this.#storing.many(jobs),
      enqueueFrom: (from, requests) => this.enqueueFrom(from, requests),
    });
    this.#chunks = new Chunks({ context, store: (job, items) => this.#storing.prepared(job, items) });
    this.#toChange = { ...store, facts, secrets, jobs: app?.jobs };
    const watches = new JobWatches(engine, news);
    remember(this, { engine, jobs: app?.jobs, watches, tagWatches: new TagWatches(engine, secrets) });
    this.schedules = new Schedules({
      engine,
      secrets,
      jobs: app?.jobs,
      enqueue: request => this.enqueueMany([request]).then(firstOf),
      asking: ask => this.#asking('*', 'for schedules', ask),
    });
    this.#toPause = { engine, facts, app };
  }

  /**
   * Queues one job. Resolves when the engine has stored it. Of a contract with `chunk`: one item, which is gathered with others; it resolves
   * when the engine has stored their chunk.
   * @throws InvalidPayloadError, PayloadTooLargeError, PayloadKeyMissingError, InvalidOptionsError, IdempotencyConflictError, ChunksFullError,
   *   QueueUnavailableError, ClientClosedError; all as rejections
   */
  enqueue<Schema extends StandardSchemaV1>(
    contract: JobContract<Schema>,
    data: StandardSchemaV1.InferInput<Schema>,
    options?: EnqueueOptions,
  ): Promise<JobReceipt> {
    try {
      requireContract(contract);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#tracer === undefined) return this.#enqueue(this.#context, contract, data, options);
    return traced(this.#tracer, this.#context, [contract], context => this.#enqueue(context, contract, data, options));
  }

  #enqueue(
    context: PrepareContext,
    contract: AnyJobContract,
    data: unknown,
    options: EnqueueOptions | undefined,
  ): Promise<JobReceipt> {
    // Not `async`: every turn of the loop that is saved here is saved for every job.
    if (this.#closing !== undefined) return Promise.reject(new ClientClosedError());
    if (contract.chunk !== undefined) return this.#gather(context, contract, data, options);
    let checked: CheckedJob;
    try {
      checked = check(contract, data, options);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#begin();
    return this.#ended(this.#storing.one(context, checked));
  }

  /** One item on its way into a chunk. */
  #gather(
    context: PrepareContext,
    contract: AnyJobContract,
    data: unknown,
    options: EnqueueOptions | undefined,
  ): Promise<JobReceipt> {
    let item: ReadyItem;
    try {
      item = readyItem(context, causeOfCall(context), contract, data, options);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#begin();
    return this.#ended(this.#chunks.add(item));
  }

  #ended(storing: Promise<JobReceipt>): Promise<JobReceipt> {
    return storing.then(
      receipt => {
        this.#end();
        return receipt;
      },
      (error: unknown) => {
        this.#end();
        throw error;
      },
    );
  }

  /**
   * Queues many jobs, of any contracts, in few trips. All are checked before the first is stored; it is not all or nothing from there
   * on. Where keys stand for other data the others are queued, then it rejects; when the engine goes away on the way, what follows is
   * not tried. Both errors carry the receipts of what was queued; with keys, repeating the call is safe. Items of contracts with `chunk` are
   * gathered; while too many of them wait for the engine it goes on with the next ones later.
   * @throws as `enqueue`
   */
  enqueueMany(requests: readonly JobRequest[]): Promise<readonly JobReceipt[]> {
    return this.#enqueueAll(requests);
  }

  /**
   * As `enqueueMany` for jobs that follow from one thing, such as an event: their ids are made of it, so that a repeat of the same
   * call queues nothing again, also where job and contract have no key. The ids say so while the engine keeps the jobs, the key
   * for the contract's `key.for` (a day by default) after their end. The engine answers a repeat as it answers the first call, so `deduplicated` is false in
   * both and both are stated as `job.enqueued`.
   */
  enqueueFrom(from: CausedBy, requests: readonly JobRequest[]): Promise<readonly JobReceipt[]> {
    return this.#enqueueAll(requests, (request, index) => originOf(from, request, index));
  }

  async #enqueueAll(requests: readonly JobRequest[], origin?: OriginOf): Promise<readonly JobReceipt[]> {
    requireRequests(requests);
    // What follows from something has an id of its own, and so a job of its own.
    const enqueue = (context: PrepareContext): Promise<readonly JobReceipt[]> =>
      origin === undefined && requests.some(isGathered)
        ? this.#enqueueMixed(context, requests)
        : this.#enqueueEach(context, requests, origin);
    if (this.#tracer === undefined) return enqueue(this.#context);
    return traced(
      this.#tracer,
      this.#context,
      requests.map(({ contract }) => contract),
      enqueue,
    );
  }

  async #enqueueEach(
    context: PrepareContext,
    requests: readonly JobRequest[],
    origin?: OriginOf,
  ): Promise<readonly JobReceipt[]> {
    this.#begin();
    try {
      const { receipts, error } = await this.#storing.many(await this.#prepareEach(context, requests, origin));
      if (error !== undefined) throw error;
      return receipts.filter(receipt => receipt !== undefined);
    } finally {
      this.#end();
    }
  }

  async #prepareEach(
    context: PrepareContext,
    requests: readonly JobRequest[],
    origin?: OriginOf,
  ): Promise<readonly PreparedJob[]> {
    const checked = requests.map((request, index) =>
      check(request.contract, request.data, request.options, origin?.(request, index)),
    );
    return this.#storing.prepare(context, checked);
  }

  #enqueueMixed(context: PrepareContext, requests: readonly JobRequest[]): Promise<readonly JobReceipt[]> {
    return this.#during(() =>
      enqueueMixed(requests, context, this.#chunks, async jobs =>
        this.#storing.many(await this.#storing.prepare(context, jobs)),
      ),
    );
  }

  /**
   * Queues jobs that end together, and says what follows when they have: each callback is a job, queued once, wherever and however the members end.
   * All are checked before the first is stored. Where it rejects later, what was queued runs, and `onComplete` may be called back; repeated with
   * the same `idempotencyKey` the call does what was left.
   * @throws as `enqueueMany`; InvalidOptionsError for a batch without jobs; BatchEndedError for a repeat with other jobs
   */
  batch(definition: BatchDefinition): Promise<BatchReceipt> {
    return this.#during(() => this.#batches.make(definition));
  }

  /**
   * Adds members to a batch while one of its members has not ended: `run.batch.add()` does it for a run. Jobs that follow from the same thing are
   * added once.
   * @throws as `enqueueMany`; BatchEndedError
   */
  addToBatch(id: string, from: CausedBy, requests: readonly JobRequest[]): Promise<readonly JobReceipt[]> {
    return this.#during(() => {
      requireText('the id of a batch', id);
      requireRequests(requests);
      if (!isBatchId(id)) throw new BatchEndedError(JSON.stringify(id.slice(0, 40)));
      return this.#batches.add(id, from, requests);
    });
  }

  /**
   * How many members a batch has and how they ended; undefined when none of that id is known, or its record was removed: 14 days after the last of
   * its members ended.
   * @throws InvalidOptionsError, QueueUnavailableError, ClientClosedError
   */
  batchView(id: string): Promise<BatchView | undefined> {
    return this.#during(() => {
      requireText('the id of a batch', id);
      return isBatchId(id) ? this.#batches.view(id) : Promise.resolve(undefined);
    });
  }

  /**
   * Queues a parent with its children, all of them or none; `flow(parent, [children])` makes it. The parent runs once its children have ended, and
   * gets their results (`run.children`).
   * @throws as `enqueueMany`; InvalidOptionsError, FlowRefusedError for what is no tree of jobs without keys; FlowAcrossSlotsError on a Redis
   *   Cluster whose queues do not share a `slotGroup`
   */
  flow(request: FlowRequest): Promise<FlowReceipt> {
    return this.#during(async () => {
      const requests = checkFlow(request);
      const queue = requests[0]?.contract.queue ?? '';
      const jobs = await this.#prepareEach(this.#context, requests, () => undefined);
      try {
        // Also for the time.
        await this.#engine.queue(queue);
        const made = newFlow(request, jobs, Math.floor(this.#engine.clock.now()));
        await this.#engine.addFlow(made);
        if (isStoringHeard(this.facts)) {
          for (const job of jobs) {
            const { name, queue: its } = job.contract;
            emitStored(this.facts, job, { id: job.id, name, queue: its, deduplicated: false });
          }
        }
        return flowReceipt(made);
      } catch (cause) {
        throw codeOf(cause) === 'FLOW_ACROSS_SLOTS' ? cause : unavailable(queue, cause);
      }
    });
  }

  async #during<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    this.#begin();
    try {
      return await work();
    } finally {
      this.#end();
    }
  }

  /**
   * Says that a job is no longer wanted. One that waits is not begun, one that runs is stopped within about a second, wherever
   * it runs; both end as cancelled. A handler may still finish before its signal aborts.
   * @throws InvalidOptionsError, UndecodableJobError, QueueUnavailableError, ClientClosedError
   */
  async cancel(id: string, options: CancelOptions = {}): Promise<CancelAnswer> {
    requireText('the id of a job', id);
    const { reason, by } = checkCancelOptions(options);
    const place = placeOf(id);
    if (place === undefined) return 'unknown';
    return this.#asking(place.queue, 'to cancel a job', () => cancelJob(this.#engine, id, { reason, by }));
  }

  /**
   * Changes a job that waits: its data, when it starts, its priority. With its contract the data is typed, and validated by its schema; the job is
   * of the contract's present version from then on. It keeps its id and its key; a repeat of the call that queued it is compared with the
   * new data. It expires when it would have.
   * @throws UpdateRefusedError where it does not wait (any more), InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError,
   *   QueueUnavailableError, ClientClosedError
   */
  update<Contract extends AnyJobContract>(id: string, update: JobUpdateOf<Contract>): Promise<UpdatedJob>;
  update(id: string, update: JobUpdateByName): Promise<UpdatedJob>;
  async update(id: string, update: JobUpdateOf<AnyJobContract> | JobUpdateByName): Promise<UpdatedJob> {
    requireText('the id of a job', id);
    const checked = checkUpdate(update);
    const place = placeOf(id);
    if (place === undefined) throw new UpdateRefusedError(id, 'unknown');
    return this.#asking(place.queue, 'to update a job', () => updateJob(this.#toChange, place, checked));
  }

  /**
   * Runs a job again that has ended. As it is, it keeps its id, its history and what its steps have stored, and has fresh attempts. With other data
   * it is a new job of the contract's present version, which names the old one (`JobView.replayOf`) and has its history and its place in key and batch;
   * a dead letter is none from then on.
   * @throws ReplayRefusedError, InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError, UndecodableJobError, QueueUnavailableError,
   *   ClientClosedError
   */
  replay<Contract extends AnyJobContract>(id: string, replay: JobReplayOf<Contract>): Promise<ReplayedJob>;
  replay(id: string, replay?: JobReplayByName): Promise<ReplayedJob>;
  async replay(id: string, replay: JobReplayOf<AnyJobContract> | JobReplayByName = {}): Promise<ReplayedJob> {
    requireText('the id of a job', id);
    const checked = checkReplay(replay);
    const place = placeOf(id);
    if (place === undefined) throw new ReplayRefusedError(id, 'unknown');
    return this.#asking(place.queue, 'to replay a job', () => replayJob(this.#toChange, place, checked));
  }

  /**
   * Lets no worker begin a job of a queue, a contract or a group, until it is resumed: what runs goes on, what is enqueued waits, and it stays so
   * over restarts of everything. Jobs that are paused keep nothing else from being run. A queue is one of the app, or any that the engine has, such as
   * another program's; a group is of a limit of the app.
   * @throws InvalidOptionsError, QueueUnavailableError, ClientClosedError
   */
  async pause(target: PauseTarget, options: PauseOptions = {}): Promise<void> {
    const [checked, note] = [checkTarget(target), checkPauseOptions(options)];
    return this.#asking(checked.queue ?? '*', 'to pause work', () => pauseWork(this.#toPause, checked, note));
  }

  /** Ends what `pause` began, under the same target. A breaker ends its own. @throws as `pause` */
  async resume(target: PauseTarget, options: Pick<PauseOptions, 'by'> = {}): Promise<void> {
    const [checked, { by }] = [checkTarget(target), checkPauseOptions(options)];
    return this.#asking(checked.queue ?? '*', 'to resume work', () => resumeWork(this.#toPause, checked, by));
  }

  /** What is paused: who did it, when and why; those of breakers too. Of the queues that are given, or of all. @throws as `pause` */
  async pauses(queues?: readonly string[]): Promise<readonly Pause[]> {
    for (const queue of queues ?? []) checkTarget({ queue });
    return this.#asking('*', 'for pauses', async () => readPauses(this.#engine, queues ?? (await this.#queuesToAsk())));
  }

  /** One look for names costs a walk through the engine's keys. */
  async #queuesToAsk(): Promise<Iterable<string>> {
    const { app, engine } = this.#toPause;
    return app === undefined ? engine.queueNames() : new Set([...app.queues.keys(), ...(await notedQueues(engine))]);
  }

  /**
   * The job as it stands, without its data; undefined when the id is unknown or the job is past its retention.
   * @throws UndecodableJobError when it is stored but cannot be read
   */
  async job(id: string): Promise<JobDetails | undefined> {
    requireText('the id of a job', id);
    const place = placeOf(id);
    if (place === undefined) return undefined;
    return this.#asking(place.queue, 'for a job', () => readJobDetails(this.#engine, id));
  }

  /**
   * The jobs to which all of the options apply, in every queue, the newest first; and how others have ended, from the journal. By tags those that have
   * ended are found in the engine for their retention.
   * @throws InvalidOptionsError, QueueUnavailableError, ClientClosedError
   */
  async find(options: FindOptions): Promise<FoundJobs> {
    const asked = checkFind(options);
    if (this.#closing !== undefined) throw new ClientClosedError();
    this.#begin();
    try {
      return await findJobs(this.#engine, await this.secrets.load(), asked, () =>
        openJournal(this.#engine, this.#journal),
      );
    } catch (cause) {
      throw unavailable(asked.queue ?? 'every queue', cause, { asked: 'for jobs' });
    } finally {
      this.#end();
    }
  }

  /**
   * Erases the jobs that carry the tags, in every queue, and what the engine and the journal have of them: data, results, steps, logs, dead letters,
   * schedules made at run time, what batches call back; a client that knows its app also items of chunks (`chunk.tags`); with `events` what is encrypted with
   * the person's key in an event store. What runs is cancelled first, or waited for. It is on record without the tags' values. Repeated it does what was left. What it cannot reach it
   * names; an outbox is for `shiftwork erase`.
   * @throws InvalidOptionsError, QueueUnavailableError, ClientClosedError; the signal's reason; what `onProgress` and `events` throw
   */
  async erase(options: EraseOptions): Promise<ErasedTag> {
    const { asked, isCallers } = toldApart(checkErase(options));
    const { facts } = this;
    const journal = (): Promise<JournalStore> => openJournal(this.#engine, this.#journal);
    const erase = async (): Promise<ErasedTag> => {
      const secrets = await this.secrets.load();
      const done = await eraseTag(
        { engine: this.#engine, facts, secrets, journal, jobs: this.#toChange.jobs },
        asked,
      ).catch((error: unknown) => {
        asked.signal?.throwIfAborted();
        throw error;
      });
      return { ...done, notReached: [...done.notReached, ...NOT_REACHED_FROM_APPS] };
    };
    return this.#asking('*', 'for jobs', erase, isCallers);
  }

  /**
   * What the job has come to, or comes to within the timeout: wherever it runs, and also where it ended before the call, for as long as its
   * contract's `resultFor`. With its contract the result is typed, and read by its schema. Ending the wait does nothing to the job.
   * @throws ResultDeadError, ResultCancelledError, ResultExpiredError; ResultTimeoutError where it has not ended in time; ResultUnknownError
   *   where there is no such job; ResultUnreadableError; InvalidOptionsError, ClientClosedError; the signal's reason. An engine that is away
   *   is waited for.
   */
  result<Contract extends AnyJobContract>(
    id: string,
    options: ResultOptions & { readonly contract: Contract },
  ): Promise<ResultOf<Contract>>;
  result(id: string, options?: ResultOptions): Promise<unknown>;
  async result(id: string, options: ResultOptions & { readonly contract?: AnyJobContract } = {}): Promise<unknown> {
    requireText('the id of a job', id);
    const { timeoutMs, signal, contract } = checkResultOptions(options);
    if (this.#closing !== undefined) throw new ClientClosedError();
    const place = placeOf(id);
    if (place === undefined) return resultFrom(id, { kind: 'unknown' });
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new ResultTimeoutError(id, timeoutMs)), timeoutMs);
    const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
    try {
      const end = await decryptedEnd(this.#engine, place, await this.#waits.wait(place, either), contract);
      return resultFrom(id, end, contract);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Queues one job and waits for its result.
   * @throws as `enqueue`, then as `result`
   */
  async enqueueAndWait<Schema extends StandardSchemaV1, Progress extends SchemaOrNone, Result extends SchemaOrNone>(
    contract: JobContract<Schema, Progress, Result>,
    data: StandardSchemaV1.InferInput<Schema>,
    options: EnqueueOptions & ResultOptions = {},
  ): Promise<ResultOf<{ readonly result: Result }>> {
    const { timeout, signal, ...others } = options;
    const waiting = { contract, ...(timeout !== undefined && { timeout }), ...(signal !== undefined && { signal }) };
    // Before anything is queued.
    checkResultOptions(waiting);
    signal?.throwIfAborted();
    const { id } = await this.enqueue(contract, data, others);
    return this.result(id, waiting);
  }

  /**
   * Sends the items that chunks have gathered so far, full or not. Resolves when the engine has answered for all of them: each call's own promise
   * says how. For whoever is about to be frozen, such as a function of a cloud between two requests; `close` does it as well.
   */
  flush(): Promise<void> {
    return this.#chunks.flush();
  }

  /** Takes no more work, waits for what is in flight, gathered items included (whoever waits for a result gets an error), then closes the connections. Repeated calls share one promise. */
  close(): Promise<void> {
    this.#waits.close(new ClientClosedError());
    this.#closing ??= this.#drain().then(() => this.#engine.close());
    return this.#closing;
  }

  async #drain(): Promise<void> {
    await this.#chunks.drain();
    if (this.#inFlight > 0) await new Promise<void>(resolve => (this.#idle = resolve));
    await this.#producer.close();
  }

  /** What says already what is wrong is thrown as it is; a driver's message may carry hosts and keys. */
  async #asking<Answer>(
    queue: string,
    asked: AskedOfQueue,
    ask: () => Promise<Answer>,
    isCallers: (cause: unknown) => boolean = () => false,
  ): Promise<Answer> {
    this.#begin();
    try {
      return await ask();
    } catch (cause) {
      throw isCallers(cause) || SAID.some(refusal => cause instanceof refusal)
        ? cause
        : unavailable(queue, cause, { asked });
    } finally {
      this.#end();
    }
  }

  #begin(): void {
    if (this.#closing !== undefined) throw new ClientClosedError();
    this.#inFlight += 1;
  }

  #end(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#idle?.();
  }
}

function firstOf([receipt]: readonly JobReceipt[]): JobReceipt {
  if (receipt === undefined) throw new TypeError('Expected a receipt for the one job.');
  return receipt;
}
