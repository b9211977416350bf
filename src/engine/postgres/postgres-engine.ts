import { randomUUID } from 'node:crypto';
import { Queue, SchemaMigrationRequiredError, type PgPool } from 'bullmq';
import { isUnreachable } from '../../resilience/index.ts';
import { EngineCheckError } from '../engine-check-error.ts';
import { hasCode, loadOptional } from '../../errors/index.ts';
import type { Claim, Engine, EngineBacking, EngineOptions, EngineQueue, EngineReport } from '../engine.ts';
import { EngineClock } from '../clock/index.ts';
import type { EngineSpace, QueueContents } from '../contents/index.ts';
import type { BatchStore } from '../batches/index.ts';
import type { JobEnds } from '../ends/index.ts';
import type { GivenSecrets } from '../../secrets/index.ts';
import { openCipher, type PayloadCipher } from '../../privacy/index.ts';
import { EVENTS_KEPT, FAIL_FAST_MS } from '../settings/limits.ts';
import { schemaOf } from '../settings/namespace.ts';
import { Outage, outageFacts } from '../outage/outage.ts';
import { retryPatiently } from '../outage/patience.ts';
import { targetOf } from '../settings/target.ts';
import { addFlow, queuesOf } from '../bullmq/add-flow.ts';
import { keepEvents } from '../bullmq/postgres/keep-events.ts';
import type { NewFlow, TurnQueue, TurnQueueSettings } from '../turns/index.ts';
import { postgresBackend } from '../bullmq/postgres/backend.ts';
import { checkPostgres } from './check.ts';
import { postgresContents, postgresSpace } from '../bullmq/postgres/contents/postgres-contents.ts';
import { JobSizes } from '../bullmq/postgres/contents/job-sizes.ts';
import { PostgresBatches } from '../bullmq/postgres/postgres-batches.ts';
import { PostgresEnds } from '../bullmq/postgres/postgres-ends.ts';
import { hasPostgresQueue, postgresQueueNames } from '../bullmq/postgres/queue-names.ts';
import { postgresClaims, postgresHandBack } from '../bullmq/postgres/claims.ts';
import { EngineTimePool, postgresTime } from '../bullmq/postgres/engine-time.ts';
import { BorrowedPool } from '../bullmq/postgres/borrowed-pool.ts';
import { JoinedReads } from '../bullmq/postgres/joined-reads.ts';
import { insistOnSchema } from './insist-on-schema.ts';
import { notMigrated } from './not-migrated.ts';
import type { Migrated } from '../../migrations/index.ts';
import type { WatchedPool } from './pool.ts';
import { PostgresTurnQueue, WorkSigns } from '../bullmq/postgres/turns/index.ts';
import { within } from '../../time/index.ts';

const UNDEFINED_TABLE = '42P01';
/** Space is reckoned from a few jobs of each kind: numbers of so long ago will do. */
const COUNTED_FRESH_MS = 6_000;
const CLOSED = new Error('Connection is closed.');

/** Queues on PostgreSQL: one pool per process, for BullMQ alone. */
export class PostgresEngine implements Engine {
  readonly kind = 'postgres';
  readonly target: string;
  readonly clock: EngineClock;
  readonly secrets: GivenSecrets;
  readonly cipher: PayloadCipher;
  readonly #url: URL;
  readonly #options: EngineOptions;
  readonly #schema: string;
  readonly #outage: Outage;
  readonly #queues = new Map<string, Promise<EngineQueue>>();
  readonly #ready = new Map<string, EngineQueue>();
  readonly #stop = new AbortController();
  /** Under which the server remembers what this process was answered last. */
  readonly #sender = randomUUID();
  readonly #reads = new WeakMap<WatchedPool, JoinedReads>();
  #counted:
    { readonly queues: string; readonly at: number; readonly read: Promise<readonly QueueContents[]> } | undefined;
  readonly #sizes = new JobSizes();
  #signs: WorkSigns | undefined;
  #ends: JobEnds | undefined;
  #opening: Promise<WatchedPool> | undefined;
  /** That the schema has all that this release needs. */
  #standing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(url: URL, options: EngineOptions) {
    this.secrets = options.secrets ?? {};
    this.cipher = openCipher(this.secrets, options.namespace);
    this.target = targetOf(url, 5432);
    this.#url = url;
    this.#options = options;
    this.#schema = schemaOf(options.namespace);
    this.#outage = new Outage(this.target, outageFacts(this.kind, options.facts));
    this.clock = new EngineClock(async () => postgresTime((await this.#open()).pool));
  }

  queue(name: string): Promise<EngineQueue> {
    if (this.#closing !== undefined) return Promise.reject(this.#outage.error(CLOSED));
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const opening = this.#openQueue(name);
    this.#queues.set(name, opening);
    // BullMQ remembers a failed start for ever: the next call builds anew.
    opening.catch(() => this.#queues.delete(name));
    return opening;
  }

  async existingQueue(name: string): Promise<EngineQueue | undefined> {
    if (this.#closing !== undefined) throw this.#outage.error(CLOSED);
    if (this.#queues.has(name)) return this.queue(name);
    try {
      return (await hasPostgresQueue((await this.#open()).pool, name)) ? await this.queue(name) : undefined;
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  readyQueue(name: string): EngineQueue | undefined {
    return this.#closing === undefined ? this.#ready.get(name) : undefined;
  }

  async #openQueue(name: string): Promise<EngineQueue> {
    const pool = new EngineTimePool(this.#borrow(await this.#open()), this.clock);
    await this.clock.known();
    const queue: EngineQueue = new Queue(
      name,
      // A look makes no queue known: whoever adds to it does (see keep-events.ts).
      { connection: {}, skipMetasUpdate: true },
      postgresBackend(pool, this.#schema),
    );
    queue.on('error', () => undefined);
    try {
      await within(FAIL_FAST_MS, queue.waitUntilReady(), () => this.#outage.error(undefined));
      this.#ready.set(name, queue);
      return queue;
    } catch (cause) {
      queue.close().catch(() => undefined);
      throw this.#explained(cause);
    }
  }

  /** A queue's verbs. All queues of the process share the pool, and one connection that listens for work. */
  async turns(name: string, settings: TurnQueueSettings = {}): Promise<TurnQueue> {
    if (this.#closing !== undefined) throw this.#outage.error(CLOSED);
    const watched = await this.#open();
    const pool = this.#borrow(watched);
    await this.#insistOnSchema(pool);
    await this.clock.known();
    this.#signs ??= new WorkSigns({ pool, listen: parts => watched.listen(parts) });
    this.#signs.watch(name);
    return new PostgresTurnQueue({
      pool,
      signs: this.#signs,
      name,
      sender: this.#sender,
      settings,
      eventsKept: EVENTS_KEPT,
    });
  }

  /** Asked once in the life of a process: a page of fifty queues asked a hundred times. */
  async #insistOnSchema(pool: PgPool): Promise<void> {
    const { signal } = this.#stop;
    const again = (cause: unknown): boolean => this.#options.role === 'worker' && isUnreachable(cause);
    this.#standing ??= retryPatiently(() => insistOnSchema(pool, this.#schema), { again, signal });
    const standing = this.#standing;
    await standing.catch((cause: unknown) => {
      // Somebody may have migrated it by the next time.
      if (this.#standing === standing) this.#standing = undefined;
      throw this.#explained(cause);
    });
  }

  async queueNames(): Promise<readonly string[]> {
    try {
      return await postgresQueueNames((await this.#open()).pool);
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  async ends(): Promise<JobEnds> {
    const watched = await this.#open();
    const { signal } = this.#stop;
    const listen = (channel: string, called: (said?: string) => void): void =>
      watched.listen({ channel, called, signal });
    this.#ends ??= new PostgresEnds({ pool: this.#borrow(watched), schema: this.#schema, listen });
    return this.#ends;
  }

  async addFlow(flow: NewFlow): Promise<void> {
    const pool = new EngineTimePool(this.#borrow(await this.#open()), this.clock);
    await keepEvents(pool, queuesOf(flow), EVENTS_KEPT);
    await addFlow(postgresBackend(pool, this.#schema), flow, () => Promise.resolve(undefined));
  }

  async batches(): Promise<BatchStore> {
    return new PostgresBatches(this.#borrow(await this.#open()));
  }

  async claims(queue: string): Promise<readonly Claim[]> {
    try {
      return await postgresClaims((await this.#open()).pool, queue);
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  async handBack(queue: string, claims: readonly Pick<Claim, 'jobId' | 'token'>[]): Promise<readonly string[]> {
    if (claims.length === 0) return [];
    // With the borrowed pool's errors, which BullMQ's workers know.
    return postgresHandBack(this.#borrow(await this.#open()), queue, claims);
  }

  async backing(): Promise<EngineBacking> {
    return { kind: 'postgres', pool: this.#borrow(await this.#open()), namespace: this.#options.namespace };
  }

  renew(): void {
    void this.#opening?.then(watched => watched.renew());
  }

  async check(): Promise<EngineReport> {
    const { pool } = await this.#open();
    try {
      return await within(FAIL_FAST_MS, checkPostgres(pool, this.#schema), () => this.#outage.error(undefined));
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  async contents(queues: readonly string[], priorities: readonly number[]): Promise<readonly QueueContents[]> {
    const watched = await this.#open();
    const read = postgresContents(this.#borrow(watched), queues, priorities);
    const counted = { queues: queues.join('/'), at: performance.now(), read };
    this.#counted = counted;
    return read.catch((cause: unknown) => {
      // Whoever asks after it asks anew.
      if (this.#counted === counted) this.#counted = undefined;
      throw this.#explained(cause);
    });
  }

  async space(queues: readonly string[]): Promise<EngineSpace> {
    const watched = await this.#open();
    const pool = this.#borrow(watched);
    const { at = -Infinity, read, queues: of } = this.#counted ?? {};
    const isKnown = of === queues.join('/') && performance.now() - at < COUNTED_FRESH_MS;
    // Whoever looks at both asks for the numbers once.
    const counted = (isKnown ? read : undefined) ?? postgresContents(pool, queues, []);
    return postgresSpace(pool, queues, counted, this.#sizes).catch((cause: unknown) => {
      throw this.#explained(cause);
    });
  }

  /** There are no slots here. */
  place(): void {}

  async migrate(): Promise<readonly Migrated[]> {
    const watched = await this.#open();
    try {
      return await watched.migrate();
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  close(timeoutMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    this.clock.stop();
    this.#stop.abort();
    if (this.#opening === undefined) return;
    this.#signs?.close();
    const watched = await this.#opening;
    for (const opening of this.#queues.values()) {
      opening.then(queue => queue.close()).catch(() => undefined);
    }
    await watched.close(Math.max(0, endsAt - performance.now()));
  }

  /** pg is loaded here and nowhere else: a process on Redis never does. */
  #open(): Promise<WatchedPool> {
    this.#opening ??= loadOptional('pg', 'queues in PostgreSQL', () => import('./pool.ts')).then(
      ({ WatchedPool }) => new WatchedPool(this.#url, this.#schema, this.#options.role, this.#outage),
    );
    return this.#opening;
  }

  /** One for all who ask, so that what they ask at one time can be one statement. */
  #borrow(watched: WatchedPool): PgPool {
    let reads = this.#reads.get(watched);
    if (reads === undefined)
      this.#reads.set(watched, (reads = new JoinedReads(new BorrowedPool(watched, this.#outage))));
    return reads;
  }

  #explained(cause: unknown): unknown {
    const isMissing = cause instanceof SchemaMigrationRequiredError || hasCode(cause, UNDEFINED_TABLE);
    if (isMissing) return new EngineCheckError([notMigrated(this.#schema)]);
    if (!isUnreachable(cause) && !this.#stop.signal.aborted) return cause;
    const first = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
    this.#outage.lost(first);
    return this.#outage.error(first);
  }
}
