import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  requireEventRequest,
  type EnqueueOptions,
  type EventRequest,
  type JobContract,
  type Reaction,
  type StoredAt,
} from '../contracts/index.ts';
import { InvalidOptionsError, requireShape, type KnownOptions } from '../errors/index.ts';
import { stampEvent } from '../events/index.ts';
import { check, type PreparedJob } from '../queue/index.ts';
import { checkNamespace } from '../config/index.ts';
import { openCipher, type PayloadCipher } from '../privacy/index.ts';
import { checkSecrets, type GivenSecrets, type Secrets, type SecretSource } from '../secrets/index.ts';
import { createIdSource, type IdSource } from '../time/index.ts';
import { currentCause, plainTracer, type Tracer } from '../tracing/index.ts';
import { Entries } from './entries.ts';
import { writeEntries } from './entry.ts';
import { finishJobs, jobsFollowing } from './follow-event.ts';
import { OutboxSecret } from './outbox-secret.ts';
import { requireTransaction } from './require-transaction.ts';
import { tablesOf, type Sql, type SqlTransaction, type Tables } from './tables.ts';

export interface OutboxOptions extends Pick<GivenSecrets, 'secret' | 'payloadKeys'> {
  /** In place of `secret`: those of a client in the same process. Without either, the copy of the installation's own beside the entries. */
  readonly secrets?: SecretSource | undefined;
  /** Keeps installations apart, as the engine's. */
  readonly namespace?: string | undefined;
  /** CloudEvents' `source`. `urn:shiftwork` by default. */
  readonly source?: string;
  /** The current W3C traceparent, asked once a call. */
  readonly traceparent?: () => string | undefined;
  /** Makes a span of each publication; trace context without spans when left out. */
  readonly tracer?: Tracer | undefined;
}

const KNOWN: KnownOptions<OutboxOptions> = {
  secret: true,
  payloadKeys: true,
  secrets: true,
  namespace: true,
  source: true,
  traceparent: true,
  tracer: true,
};

export interface OrderOptions {
  /**
   * Entries of one kind (jobs, events) with the same key are sent in the order in which they were written. Without one the order is open.
   *
   * An outage keeps the order: all of the key waits. What can never be sent does not: it is set aside (`outbox.stuck`), what is behind it
   * goes on, and when `reconcile` puts it back it comes after that. So does a job that the engine had lost.
   */
  readonly order?: string;
}

export interface PublishOptions extends OrderOptions {
  /** Their jobs are written with the event, so that their ids are known now and no broker is needed for them. */
  readonly reactions?: readonly Reaction[];
  /** Where it stands in an event store: its subscribers and reactions get that with it. */
  readonly stored?: StoredAt;
}

/** A job that will be queued when the transaction has committed. */
export interface OutboxReceipt {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
}

export interface OutboxEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: Date;
  /** Of the reactions, in their order. */
  readonly jobs: readonly OutboxReceipt[];
}

/**
 * Jobs and events recorded inside the app's own transaction: there when it commits, gone when it rolls back. The relay brings them to
 * the engine and to the bus.
 *
 * Use: `await outbox.publish(tx, userRegistered({ ... }))` with the `tx` of the transaction that stores the user.
 */
export class Outbox {
  readonly #tables: Tables;
  readonly #entries: Entries;
  readonly #traceparent: () => string | undefined;
  readonly #tracer: Tracer;
  readonly #ids: IdSource = createIdSource();
  readonly #secret: OutboxSecret;
  readonly #cipher: PayloadCipher;

  /** @throws InvalidConfigError when the namespace, the secret or the keys are none */
  constructor(options: OutboxOptions = {}) {
    requireShape('the options of an Outbox', options, KNOWN);
    const { secret, secrets, payloadKeys, namespace, source = 'urn:shiftwork' } = options;
    const { traceparent = () => undefined, tracer = plainTracer } = options;
    this.#tables = tablesOf(namespace);
    this.#cipher = openCipher(checkSecrets({ payloadKeys }), checkNamespace(namespace));
    this.#secret = new OutboxSecret(this.#tables, { secret, secrets });
    this.#entries = new Entries(source);
    this.#traceparent = traceparent;
    this.#tracer = tracer;
  }

  /**
   * Records a job. Its id is the one that it will have in the queue. A pool is refused, as is a client of node-postgres that is in no transaction.
   * @throws InvalidPayloadError, PayloadTooLargeError, PayloadKeyMissingError, InvalidOptionsError; what the database refuses; as rejections
   */
  async enqueue<Schema extends StandardSchemaV1>(
    tx: SqlTransaction,
    contract: JobContract<Schema>,
    data: StandardSchemaV1.InferInput<Schema>,
    options: EnqueueOptions & OrderOptions = {},
  ): Promise<OutboxReceipt> {
    await requireTransaction(tx);
    const { order, ...rest } = options;
    const sources = {
      ids: this.#ids,
      cipher: this.#cipher,
      traceparent: this.#traceparent,
      secrets: () => this.#secret.for(tx),
    };
    const [job] = await finishJobs([check(contract, data, rest)], sources);
    if (job === undefined) throw new Error('One job was prepared and none came back.');
    await writeEntries(tx, this.#tables, [this.#entries.ofJob(job, order)]);
    return receiptOf(job);
  }

  /**
   * Records an event and the jobs of the reactions that are named, in one statement.
   * @throws as `enqueue`
   */
  async publish(tx: SqlTransaction, request: EventRequest, options: PublishOptions = {}): Promise<OutboxEvent> {
    await requireTransaction(tx);
    const { name } = requireEventRequest(request).contract;
    const parent = this.#traceparent() ?? currentCause()?.traceparent;
    const attributes = { 'event.type': name, 'event.transport': 'outbox' };
    const write = (traceparent: string): Promise<OutboxEvent> => this.#record(tx, request, options, traceparent);
    return this.#tracer.span(`event.publish.${name}`, parent, attributes, write, 'producer');
  }

  /**
   * The jobs that `publish` would record with these reactions, without recording them: an event with the same id has the same.
   * @throws InvalidOptionsError where the outbox has neither `secret` nor `secrets` and has not written yet
   */
  async preview(request: EventRequest, reactions: readonly Reaction[]): Promise<readonly OutboxReceipt[]> {
    const secrets = async (): Promise<Secrets> => {
      const { known } = this.#secret;
      if (known !== undefined) return known;
      throw new InvalidOptionsError(
        'Expected an outbox made with { secret } or { secrets }, or one that has published.',
      );
    };
    const event = stampEvent(request, this.#ids, undefined);
    return (await jobsFollowing(event, reactions, { ids: this.#ids, cipher: this.#cipher, secrets })).map(receiptOf);
  }

  /** Says that jobs were enqueued by other means, such as `reactNow`: the relay need not send them. */
  async markSent(sql: Sql, ids: readonly string[]): Promise<void> {
    await sql.query(
      `update ${this.#tables.entry} set sent_at = now() where kind = 'job' and id = any($1::text[]) and sent_at is null`,
      [ids],
    );
  }

  /** The job while it has not been sent; undefined: it is in the engine, has ended, or never was. */
  async find(sql: Sql, id: string): Promise<(OutboxReceipt & { readonly createdAt: Date }) | undefined> {
    const { rows } = await sql.query(
      `select id, name, target as queue, created_at as "createdAt" from ${this.#tables.entry}
       where kind = 'job' and id = $1 and sent_at is null limit 1`,
      [id],
    );
    const [row] = rows;
    return row === undefined ? undefined : (row as OutboxReceipt & { readonly createdAt: Date });
  }

  /** Stamps the event, follows it through its reactions, writes all of it. */
  async #record(
    tx: SqlTransaction,
    request: EventRequest,
    { stored, order, reactions = [] }: PublishOptions,
    traceparent: string,
  ): Promise<OutboxEvent> {
    const stamped = stampEvent(request, this.#ids, traceparent);
    const event = stored === undefined ? stamped : { ...stamped, metadata: { ...stamped.metadata, stored } };
    const sources = { ids: this.#ids, cipher: this.#cipher, secrets: () => this.#secret.for(tx) };
    const jobs = await jobsFollowing(event, reactions, sources);
    await writeEntries(tx, this.#tables, [
      this.#entries.ofEvent(event, order),
      ...jobs.map(job => this.#entries.ofJob(job, order)),
    ]);
    return { id: event.id, type: event.contract.name, timestamp: event.timestamp, jobs: jobs.map(receiptOf) };
  }
}

function receiptOf({ id, contract }: PreparedJob): OutboxReceipt {
  return { id, name: contract.name, queue: contract.queue };
}
