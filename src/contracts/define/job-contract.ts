import type { Death } from '../run/death.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Backoff } from '../../resilience/index.ts';
import type { Duration } from '../../time/index.ts';
import type { ChunkPolicy } from '../chunk/chunk-policy.ts';
import type { Items } from '../chunk/chunk-schema.ts';
import type { KeyPolicy } from './key-policy.ts';
import type { TagsPolicy } from './tags-policy.ts';
import type { LimitPolicy } from '../limits/limits.ts';
import type { PayloadContract } from '../payload/payload-contract.ts';

/**
 * `high` runs before `normal`, `normal` before `low`, within one queue. Every job has one, because BullMQ
 * runs jobs without a priority before every prioritised one.
 */
export type Priority = 'high' | 'normal' | 'low';

/** A dotted path to a field of the data; arrays are walked through (`items.address` names it in every item). */
export type FieldPath<Data> = Data extends object ? (keyof Data & string) | `${keyof Data & string}.${string}` : never;

export interface RetryPolicy {
  /** Runs at most, the first included. */
  readonly attempts: number;
  readonly backoff: Backoff;
}

export interface RetentionPolicy {
  /** How long a succeeded job stays visible, and how many do at most. */
  readonly completedMs: number;
  readonly completedCount: number;
  /** How long a dead letter is kept. By age alone: a burst of failures must not push older ones out. */
  readonly failedMs: number;
  /** Fields erased from the stored data when the job ends, however it ends. */
  readonly forget: readonly string[];
}

/** Per-call options. Anything else is refused. */
export interface EnqueueOptions {
  /** Earliest start, from now. */
  readonly delay?: Duration;
  /** Earliest start, in the place of `delay`; in the past: now. */
  readonly at?: Date;
  readonly priority?: Priority;
  /**
   * One call, however often it is made: the first job's id comes back and nothing is queued while that job waits or runs, and for the contract's
   * `key.for` (a day by default) after its end, whatever end. Same key and other data: IdempotencyConflictError.
   */
  readonly idempotencyKey?: string;
  /** Fields of the data that were made up for this call, such as a time or a random id: under one key they make no difference. */
  readonly generated?: readonly string[];
  /** Ties together everything that one request caused; the job's own id when left out. */
  readonly correlationId?: string;
}

/**
 * What a contract says, whatever its data: the view that rooms which do not know the type work with. `schema`, `upgrade`, `sensitive`,
 * `encrypt` and `retention.forget` are of the data as it is stored: of a chunk that is `{ items }`.
 */
export interface AnyJobContract extends PayloadContract {
  readonly kind: 'job';
  readonly queue: string;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  /** The age at which the job is dropped instead of started; undefined: never. */
  readonly expiresAfterMs: number | undefined;
  readonly priority: Priority;
  readonly key: KeyPolicy;
  /** What its jobs can be found by; undefined: nothing is indexed. */
  readonly tags: TagsPolicy | undefined;
  /** What a browser may see of its jobs beside their state: `data.FIELD`, `progress`, `result`, or fields of these. */
  readonly publicFields: readonly string[];
  /** What becomes of a run whose effect may have happened (DeliveryError `unknown`): another attempt, or a dead letter for a person. */
  readonly onDoubt: 'again' | 'hold';
  /**
   * The far side that the work depends on, such as a host: where it is sick, its jobs wait together and others go on. Undefined
   * where nothing is shared.
   */
  readonly destinationOf: ((data: unknown) => string) | undefined;
  /** How many of its jobs may run at once, and start, by groups of them. */
  readonly limits: readonly LimitPolicy[];
  readonly retention: RetentionPolicy;
  /** Fields that are stored encrypted; they are among the sensitive ones. */
  readonly encrypt: readonly string[];
  /** What `run.progress` takes; undefined: any JSON. */
  readonly progress: SchemaOrNone;
  /** A run that says nothing for so long (no progress, no line, no heartbeat) has failed; undefined: its timeout alone ends it. */
  readonly stuckAfterMs: number | undefined;
  /** How long a job may wait for its start: a promise, by which processes are reckoned. */
  readonly startWithinMs: number;
  /** What the handler returns, and whoever waits for the result gets; undefined: nobody is told as soon as the job ends. */
  readonly result: SchemaOrNone;
  /** How long the result is kept, whatever becomes of the job meanwhile. */
  readonly resultForMs: number;
  /** What is queued when a job of it is dead; undefined: nothing. */
  readonly onDead: ((death: Death) => JobRequest | undefined) | undefined;
  /** How the items of many calls are gathered into one job; undefined: each call is a job. */
  readonly chunk: ChunkPolicy | undefined;
}

/** A part of a contract that may be left out. */
export type SchemaOrNone = StandardSchemaV1 | undefined;

/**
 * A definition of a kind of work. Call it to make a request: `welcomeEmail({ ... })`. `Schema` is that of what a caller gives; of a `Chunked`
 * contract, that of one item.
 */
export interface JobContract<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Progress extends SchemaOrNone = SchemaOrNone,
  Result extends SchemaOrNone = SchemaOrNone,
  Chunked extends boolean = boolean,
> extends AnyJobContract {
  readonly schema: Chunked extends true
    ? StandardSchemaV1<Items<StandardSchemaV1.InferInput<Schema>>, Items<StandardSchemaV1.InferOutput<Schema>>>
    : Schema;
  readonly chunk: Chunked extends true ? ChunkPolicy<Schema> : undefined;
  readonly progress: Progress;
  readonly result: Result;
  (data: StandardSchemaV1.InferInput<Schema>, options?: EnqueueOptions): JobRequest;
}

/** A contract with data for it, not queued yet. Made by calling the contract. */
export interface JobRequest {
  readonly kind: 'job-request';
  readonly contract: AnyJobContract;
  readonly data: unknown;
  readonly options: EnqueueOptions;
}

/** What a producer gives: of a chunk's contract one item. */
export type InputOf<Contract extends AnyJobContract> = Contract['chunk'] extends {
  readonly item: { readonly schema: infer Item extends StandardSchemaV1 };
}
  ? StandardSchemaV1.InferInput<Item>
  : StandardSchemaV1.InferInput<Contract['schema']>;
/** What the stored data reads as: what a handler gets, or `{ items }` of a chunk. */
export type OutputOf<Contract extends AnyJobContract> = StandardSchemaV1.InferOutput<Contract['schema']>;
/** What whoever waits for a job of this contract gets: without a `result` schema what its handler returned, as JSON gives it back. */
export type ResultOf<Contract extends Pick<AnyJobContract, 'result'>> = Contract['result'] extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Contract['result']>
  : unknown;
