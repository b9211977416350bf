import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ChunkDefinition } from '../chunk/chunk-policy.ts';
import { chunkedContract } from '../chunk/chunked-contract.ts';
import type { Death } from '../run/death.ts';
import { callableContract } from './callable-contract.ts';
import { answersOf, choicesOf, deadlinesOf, retentionOf, retryOf } from './job-policies.ts';
import type { Judge } from './judge.ts';
import { payloadPartsOf, type Refuse } from './payload-definition.ts';
import { keyPolicyOf, type KeyDefinition, type KeyPart } from './key-policy.ts';
import { publicFieldsOf, type PublicField } from '../payload/public-fields.ts';
import { tagsPolicyOf, type Tags } from './tags-policy.ts';
import { contractLimits, type LimitDefinition } from '../limits/limits.ts';
import { encryptedFieldsOf, requireForgettable } from '../payload/encrypted-fields.ts';
import { InvalidContractError } from './invalid-contract-error.ts';
import { requirePart, type Known } from './checks/known-options.ts';
import { fieldsOf, requireDefinition } from './checks/require-definition.ts';
import { isQueueName, QUEUE_NAME_RULE } from '../../config/index.ts';
import { shown } from '../../errors/index.ts';
import type { Backoff } from '../../resilience/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import type {
  AnyJobContract,
  EnqueueOptions,
  FieldPath,
  JobContract,
  JobRequest,
  Priority,
  SchemaOrNone,
} from './job-contract.ts';

export interface JobDefinition<
  Schema extends StandardSchemaV1,
  Progress extends SchemaOrNone = SchemaOrNone,
  Result extends SchemaOrNone = SchemaOrNone,
> {
  /** The queue that carries the work. Lower case, digits and dashes are our advice; any name that BullMQ takes will do (`sendMail`, `mail_v2`, `mail.eu`). */
  readonly queue: string;
  /** Unique among the app's jobs. Lower case, digits and dashes are our advice. */
  readonly name: string;
  /** Raise it with each change that old data does not fit, and add the `upgrade` step. 1 by default. */
  readonly version?: number;
  /** Anything that speaks Standard Schema. Its input must survive JSON. */
  readonly schema: Schema;
  /** `{ 1: data => ... }` turns data of version 1 into data of version 2; one step for each version still supported. Answers at once: no promise. */
  readonly upgrade?: Readonly<Record<number, (data: unknown) => unknown>>;
  /** 5 attempts, exponential from 1 s to 5 minutes, by default. */
  readonly retry?: { readonly attempts: number; readonly backoff?: Backoff };
  /** After this the run's signal aborts and the attempt has failed. One minute by default. */
  readonly timeout?: Duration;
  /** A run that says nothing for so long (no progress, no line, no heartbeat) has failed. Shorter than `timeout`; by default the timeout alone counts. */
  readonly stuckAfter?: Duration;
  /** What `run.progress` takes: any JSON when left out. */
  readonly progress?: Progress;
  /** What the handler must return, at most 16 KiB of JSON: `client.result` and `client.enqueueAndWait` give it to who asked. */
  readonly result?: Result;
  /** How long the result can be asked for: one hour by default. */
  readonly resultFor?: Duration;
  /**
   * How long a job may wait for its start, as a promise: what `shiftwork scaling` reckons the number of processes from. One minute by default. It drops and
   * delays nothing.
   */
  readonly startWithin?: Duration;
  /** A job that starts later than this after it was enqueued is dropped as expired. Never by default. */
  readonly expiresAfter?: Duration;
  readonly priority?: Priority;
  /** What identifies the work: two jobs with the same key are one. A function is short for `{ of: function }`. */
  readonly key?:
    | ((data: StandardSchemaV1.InferOutput<Schema>) => readonly KeyPart[])
    | KeyDefinition<StandardSchemaV1.InferOutput<Schema>>;
  /**
   * What a job can be found by, in `client.find`, beside its id: `({ userId, orderId }) => ({ user: userId, order: orderId })`; 8 at most, of 200
   * characters at most. A value is stored as a keyed digest and shown to nobody, unless `publicTags` names its tag.
   */
  readonly tags?: (data: StandardSchemaV1.InferOutput<Schema>) => Tags;
  /** Names of tags whose values stand in views and on pages, such as an order's number. */
  readonly publicTags?: readonly string[];
  /**
   * What a page in a browser may see of a job beside its state, of `jobEvents`: `['progress', 'result.url', 'data.orderId']`. Nothing when left
   * out; nothing sensitive at all. docs/guides/live-pages.md
   */
  readonly publicFields?: readonly PublicField<StandardSchemaV1.InferInput<Schema>>[];
  /**
   * When the far side fell silent after it had been asked, or the deadline passed, nobody knows whether the effect happened: `again` (the
   * default) may do it twice, `hold` makes the job a dead letter with the reason `in-doubt`, for a person to decide.
   */
  readonly onDoubt?: 'again' | 'hold';
  /**
   * Names the far side that the work depends on (`() => 'smtp'`, `({ url }) => new URL(url).host`): no person, no secret. When it is
   * sick its jobs wait together, without spending attempts, and the others go on.
   */
  readonly destination?: (data: StandardSchemaV1.InferOutput<Schema>) => string;
  /**
   * How many of its jobs may run at once, and how many may start, by tenant or whatever they share: `[{ by: ({ tenantId }) => tenantId, concurrency: 2 }]`.
   * A job that must wait is not started, and keeps no job of another group. docs/guides/limits.md.
   */
  readonly limits?: readonly LimitDefinition<StandardSchemaV1.InferOutput<Schema>>[];
  /**
   * The job that follows when one of this contract is dead, once for each death: `({ data, reason }) => tellSupport({ ... })`. What expired
   * or was cancelled is not dead. It may be asked again for the same death: let it look at the death alone.
   */
  readonly onDead?: (death: Death<StandardSchemaV1.InferOutput<Schema>>) => JobRequest | undefined;
  /**
   * Gathers the items of many calls into one job: `schema` is then that of one item, and so are `upgrade`, `sensitive`, `encrypt`, `destination`, `onDead` and
   * `retention.forget`. The handler gets all items of a chunk and answers for each. Without `key` and `result`: an item's identity goes to where it
   * is kept.
   */
  readonly chunk?: ChunkDefinition<StandardSchemaV1.InferOutput<Schema>>;
  /** Fields that never reach a log, a page or an error; dotted paths. */
  readonly sensitive?: readonly FieldPath<StandardSchemaV1.InferInput<Schema>>[];
  /**
   * Fields that are stored encrypted, with the keys of PAYLOAD_KEYS, wherever the job is stored; they are sensitive, too. What its runs store
   * (result, steps, `run.once`) is encrypted whole. Handlers and whoever waits for the result get it as it was. docs/guides/personal-data.md
   */
  readonly encrypt?: readonly FieldPath<StandardSchemaV1.InferInput<Schema>>[];
  readonly retention?: {
    /** Succeeded jobs stay visible so long: one hour by default. */
    readonly completed?: Duration;
    /** And at most so many: 1,000 by default. */
    readonly completedCount?: number;
    /** Dead letters stay so long: 14 days by default. */
    readonly failed?: Duration;
    /** Fields erased from the stored data when the job ends. */
    readonly forget?: readonly FieldPath<StandardSchemaV1.InferInput<Schema>>[];
  };
}

const KNOWN: Known<JobDefinition<StandardSchemaV1>> = {
  queue: true,
  name: true,
  version: true,
  schema: true,
  upgrade: true,
  retry: true,
  timeout: true,
  stuckAfter: true,
  startWithin: true,
  progress: true,
  result: true,
  resultFor: true,
  expiresAfter: true,
  priority: true,
  key: true,
  tags: true,
  publicTags: true,
  publicFields: true,
  onDoubt: true,
  destination: true,
  limits: true,
  onDead: true,
  chunk: true,
  sensitive: true,
  encrypt: true,
  retention: true,
};
const KNOWN_RETRY: Known<NonNullable<JobDefinition<StandardSchemaV1>['retry']>> = { attempts: true, backoff: true };
const KNOWN_RETENTION: Known<NonNullable<JobDefinition<StandardSchemaV1>['retention']>> = {
  completed: true,
  completedCount: true,
  failed: true,
  forget: true,
};

const NAME = /^[^\s\p{Cc}\p{Cs}]([^\p{Cc}\p{Cs}]{0,98}[^\s\p{Cc}\p{Cs}])?$/u;

/**
 * Defines a kind of work, once: what it carries, where it runs, and what happens when it fails.
 * @throws InvalidContractError when a part cannot work, naming the contract and the part
 */
export function defineJob<const Schema extends StandardSchemaV1, const Progress extends SchemaOrNone = undefined>(
  definition: JobDefinition<Schema, Progress, undefined> & Required<Pick<JobDefinition<Schema>, 'chunk'>>,
): JobContract<Schema, Progress, undefined, true>;
export function defineJob<
  const Schema extends StandardSchemaV1,
  const Progress extends SchemaOrNone = undefined,
  const Result extends SchemaOrNone = undefined,
>(
  definition: JobDefinition<Schema, Progress, Result> & { readonly chunk?: undefined },
): JobContract<Schema, Progress, Result, false>;
export function defineJob<Schema extends StandardSchemaV1>(definition: JobDefinition<Schema>): AnyJobContract {
  requireDefinition('defineJob({ queue, name, schema })', definition);
  const label = `job ${shown(definition.name)}`;
  const refuse = (problem: string): never => {
    throw new InvalidContractError(`${label}: ${problem}`);
  };
  const duration = (value: Duration, what: string): number => toMilliseconds(value, `${label}: ${what}`);
  const judge: Judge = { refuse, duration };

  requireKnown(definition, refuse);
  if (typeof definition.name !== 'string' || !NAME.test(definition.name))
    refuse('expected a name of 1 to 100 characters on one line, without spaces around it.');
  if (!isQueueName(definition.queue)) refuse(`expected queue ${shown(definition.queue)} to be ${QUEUE_NAME_RULE}.`);
  const { destination, onDead, chunk } = definition;
  if (onDead !== undefined && typeof onDead !== 'function')
    refuse(`expected onDead to be a function that answers a job, got ${typeof onDead}.`);
  if (destination !== undefined && typeof destination !== 'function')
    refuse(`expected destination to be a function that answers a name, got ${typeof destination}.`);
  if (chunk !== undefined && definition.limits?.some(({ by }) => by !== undefined) === true) {
    refuse(
      'expected limits without by beside chunk: items of different groups travel in one job. Give a destination, or chunk.by.',
    );
  }
  const encrypt = encryptedFieldsOf(definition.encrypt, refuse);
  const retention = retentionOf(definition.retention ?? {}, judge);
  requireForgettable(retention.forget, encrypt, refuse);
  const sensitive = [...new Set([...fieldsOf('sensitive', definition.sensitive, refuse), ...encrypt])];
  const one: AnyJobContract & { readonly schema: Schema } = {
    kind: 'job',
    queue: definition.queue,
    name: definition.name,
    ...payloadPartsOf({ ...definition, sensitive }, refuse),
    encrypt,
    schema: definition.schema,
    chunk: undefined,
    retry: retryOf(definition.retry, judge),
    ...deadlinesOf(definition, judge),
    ...answersOf(definition, judge),
    ...choicesOf(definition, judge),
    key: keyPolicyOf(definition.key, label, refuse),
    tags: tagsPolicyOf(definition.tags, definition.publicTags, refuse),
    publicFields: publicFieldsOf(definition.publicFields, { sensitive, encrypt }, refuse),
    // Only data that this contract's own schema has validated is ever passed in.
    destinationOf: destination && (data => destination(data as StandardSchemaV1.InferOutput<Schema>)),
    onDead: onDead && (death => onDead(death as Death<StandardSchemaV1.InferOutput<Schema>>)),
    limits: contractLimits(definition.limits, { name: definition.name, isKnown: chunk === undefined }, refuse),
    retention,
  };
  const contract = chunk === undefined ? one : chunkedContract(one, { ...definition, chunk }, judge);
  const request = (data: unknown, options: EnqueueOptions = {}): JobRequest => ({
    kind: 'job-request',
    contract: callable,
    data,
    options,
  });
  const callable: AnyJobContract = callableContract(request, contract);
  return callable;
}

/** @throws what `refuse` throws, for the first option that means nothing */
function requireKnown(definition: { readonly retry?: object; readonly retention?: object }, refuse: Refuse): void {
  if ('keyWindow' in definition) refuse('expected key: { of, for } in the place of key and keyWindow.');
  requirePart('', definition, KNOWN, refuse);
  requirePart('retry', definition.retry, KNOWN_RETRY, refuse);
  requirePart('retention', definition.retention, KNOWN_RETENTION, refuse);
}
