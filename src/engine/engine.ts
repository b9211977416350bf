import type { IQueueBackend, Job, PgPool, Queue } from 'bullmq';
import type { App } from '../contracts/index.ts';
import type { BatchStore } from './batches/index.ts';
import type { EngineClock } from './clock/index.ts';
import type { EngineSpace, QueueContents } from './contents/index.ts';
import type { JobEnds } from './ends/index.ts';
import type { Migrated } from '../migrations/index.ts';
import type { RedisClient, RedisKeys } from '../redis/index.ts';
import type { Facts } from '../facts/index.ts';
import type { PayloadCipher } from '../privacy/index.ts';
import type { GivenSecrets } from '../secrets/index.ts';
import type { NewFlow, TurnQueue, TurnQueueSettings } from './turns/index.ts';

/** BullMQ's classes as this project uses them: the data is unknown until a contract has validated it. */
export type EngineQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>;
export type EngineJob = Job<unknown, unknown, string>;

export interface EngineReport {
  /** What must be mended before the engine may be used. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** As the server says it, such as `7.0.15`. */
  readonly version: string;
  /** This process's clock minus the engine's, in milliseconds. */
  readonly clockDifferenceMs: number;
}

/** A job that a worker holds. The token is its lock's value: whoever knows it can act for the worker. */
export interface Claim {
  readonly jobId: string;
  /** As stored; empty where the stored job has none. */
  readonly jobName: string;
  /** The name that the worker was made with. */
  readonly worker: string | undefined;
  readonly token: string;
  /** How long its lock still holds, milliseconds. */
  readonly lockLeftMs: number;
}

/** What the platform's own small state is kept in, beside the queues and on their connection. */
export type EngineBacking =
  | { readonly kind: 'redis'; readonly commands: RedisClient; readonly keys: RedisKeys }
  | { readonly kind: 'postgres'; readonly pool: PgPool; readonly namespace: string | undefined }
  /** `server` is the same object for all engines that share their queues; `now` is their time. */
  | { readonly kind: 'memory'; readonly server: object; readonly namespace: string; readonly now: () => number };

/**
 * Where queues live: Redis or PostgreSQL (in tests also memory), chosen by URL, behind one interface.
 *
 * One engine per process and role. `producer` fails fast: a call is answered within two seconds or rejects.
 * `worker` waits for the engine as long as it takes.
 */
export interface Engine {
  readonly kind: 'redis' | 'postgres' | 'memory';
  /** Host and port, without credentials. */
  readonly target: string;
  /** The engine's time: what everything that is compared between processes is decided by. */
  readonly clock: EngineClock;
  /** SHIFTWORK_SECRET and the previous one, for whoever makes ids and keys on this engine: `secretsOf` of the state. */
  readonly secrets: GivenSecrets;
  /** Of what contracts encrypt, with the keys of PAYLOAD_KEYS, for this namespace. */
  readonly cipher: PayloadCipher;
  /**
   * The queue for producing and inspecting; one object per queue and process, closed by `close()`.
   * Rejects with EngineUnreachableError while the engine is away, EngineCheckError when its schema is missing.
   */
  queue(name: string): Promise<EngineQueue>;
  /**
   * As `queue`, where the engine has one of that name: for names that somebody asks about. BullMQ notes each queue that it opens, so that a question
   * about a misspelt one would make it, and each that a stranger names would be kept for ever. Undefined where there is none.
   */
  existingQueue(name: string): Promise<EngineQueue | undefined>;
  /**
   * As `queue`, for a queue that was opened before and a connection that stands; else undefined. Saves every enqueue a turn of
   * the loop, which is measurable.
   */
  readyQueue(name: string): EngineQueue | undefined;
  /**
   * The queue for adding, taking and settling many jobs a trip; one object for each call. Waits for an engine that is away where the engine was
   * opened for workers, else as `queue`. Rejects with EngineUnreachableError when the engine is closed meanwhile.
   */
  turns(name: string, settings?: TurnQueueSettings): Promise<TurnQueue>;
  /** How jobs ended. Rejects as `backing`. */
  ends(): Promise<JobEnds>;
  /** Adds a job with its children, all or none. @throws FlowAcrossSlotsError on a Redis Cluster, as a rejection; else as `queue` */
  addFlow(flow: NewFlow): Promise<void>;
  /** Which jobs end together. Rejects as `backing`. */
  batches(): Promise<BatchStore>;
  /** The jobs of a queue that a worker holds a lock on, in the order in which they came. */
  claims(queue: string): Promise<readonly Claim[]>;
  /**
   * Returns unfinished jobs to the head of their queue, in the order given, attempts untouched (on Redis BullMQ gives those of one
   * priority the same place, where they come by their ids). Answers the ids of those that were still locked with that token: the
   * others are left as they are.
   */
  handBack(queue: string, claims: readonly Pick<Claim, 'jobId' | 'token'>[]): Promise<readonly string[]>;
  /** The names of all queues that this installation has, whoever made them. Looks through the key space of Redis: not for a hot path. */
  queueNames(): Promise<readonly string[]>;
  /**
   * What queues hold, in their order, with the first job of each of these priorities. One trip for all (on a Redis Cluster one for each), and a bounded
   * cost however many jobs there are. Rejects when the engine does not answer.
   */
  contents(queues: readonly string[], priorities: readonly number[]): Promise<readonly QueueContents[]>;
  /** What is stored, how much can be, and what of it each queue takes. Costs a few commands and measures a few jobs of each queue. Rejects as `contents`. */
  space(queues: readonly string[]): Promise<EngineSpace>;
  /**
   * Which queues of an app share a slot of a Redis Cluster (`slotGroup`), to be said before they are used; elsewhere it means nothing. A queue that
   * is in another slot already rejects with QueueSlotTakenError when it is used.
   */
  place(app: Pick<App, 'queues'>): void;
  /** For the platform's own small state (`src/state`). Rejects with EngineUnreachableError while a producer's engine is away. */
  backing(): Promise<EngineBacking>;
  /** Drops every connection; the drivers make new ones. For a process that has silently stopped hearing of work. */
  renew(): void;
  /** Asks the engine what it is and whether it may be used. Rejects with EngineUnreachableError, and EngineCheckError where it lacks the URL's database. */
  check(): Promise<EngineReport>;
  /**
   * Creates or upgrades what the engine stores; safe to repeat, and for two at once. On a Redis Cluster it writes down where the queues are, elsewhere on Redis there is nothing to do.
   * Answers what it did, for each part that has tables of its own.
   */
  migrate(): Promise<readonly Migrated[]>;
  /** Closes every queue and connection, at the latest after `timeoutMs` (5 s). Never rejects. */
  close(timeoutMs?: number): Promise<void>;
}

export interface EngineOptions {
  /** Of a Redis (see docs/guides/redis.md), `postgres:` or `postgresql:`; in tests `memory://NAME`. */
  readonly url: string;
  readonly role: 'producer' | 'worker';
  /** None by default: then the engine keeps one of the installation's own. */
  readonly secrets?: GivenSecrets | undefined;
  /** Keeps installations apart; BullMQ's own names (`bull`, schema `bullmq`) when left out. */
  readonly namespace?: string | undefined;
  /** Where its loss is stated, once per outage, and its return: `engine.lost`, `engine.back`. */
  readonly facts?: Facts | undefined;
}
