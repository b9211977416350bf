import {
  validatePayload,
  writePayload,
  type AnyJobContract,
  type EnqueueOptions,
  type KeyPart,
} from '../../contracts/index.ts';
import type { Backoff } from '../../resilience/index.ts';
import type { PayloadCipher } from '../../privacy/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import type { IdSource } from '../../time/index.ts';
import { currentCause } from '../../tracing/index.ts';
import type { GroupedOptions, KeyBefore, StoredKey } from '../../engine/index.ts';
import { shownTags, tagDigests, tagsOf, type JobTag } from '../find/job-tags.ts';
import { groupOptions, needsDigest, saidGroups, type GroupOptions, type SaidGroup } from '../groups/job-groups.ts';
import { canonicalJson } from '../keys/canonical-json.ts';
import { checkItem, chunkJson } from '../chunks/chunk-item.ts';
import { checkOptions, delayUntil, type CheckedOptions } from './check-options.ts';
import { derivedId, jobIdOf } from '../ids/job-id.ts';
import { contractKeyOf, jobKeyOf, type JobKey } from '../keys/job-key.ts';
import { writeMeta } from '../meta/job-meta.ts';
import type { JobOrigin } from '../ids/job-origin.ts';
import { PRIORITY_NUMBERS } from './priorities.ts';
import { encryptedIn, storedJson } from './stored-json.ts';

/** A job that has passed every check and needs only to be stored. */
export interface PreparedJob {
  readonly id: string;
  readonly contract: AnyJobContract;
  readonly data: unknown;
  /** The same as JSON. */
  readonly json: string;
  /** What is stored: that JSON, with the fields encrypted that its contract encrypts. */
  readonly stored: string;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly delayMs: number;
  /** Of a job that must not be queued twice. */
  readonly key: JobKey | undefined;
  /** Under what it would stand if it had been queued before the secret was changed. */
  readonly before: KeyBefore | undefined;
  /** Without the metadata; shared by all jobs of the contract that have neither a delay nor a key, and the same groups. */
  readonly options: Readonly<GroupedOptions>;
  /** What Shiftwork knows about it: see `JobMeta`. */
  readonly metadata: string | undefined;
}

export interface PrepareContext {
  readonly ids: IdSource;
  /** Of the contracts that encrypt; where there is none, nothing is encrypted, as in a recorder of tests. */
  readonly cipher: PayloadCipher | undefined;
  /** For the ids: the engine's time, so that those of all hosts sort by when they were made. This machine's when left out. */
  readonly now?: () => number;
  readonly traceparent: () => string | undefined;
  /** The batch whose members they are. */
  readonly batchId?: string | undefined;
}

/** A job that has passed every check, without what takes a secret. */
export interface CheckedJob {
  readonly contract: AnyJobContract;
  readonly data: unknown;
  readonly json: string;
  /** What it is known by, if anything. */
  readonly key: readonly KeyPart[] | undefined;
  /** Those that its contract's limits put it in. */
  readonly groups: readonly SaidGroup[];
  readonly origin: JobOrigin | undefined;
  /** What it can be found by, if anything: then `finish` needs the secrets, too. */
  readonly tags: readonly JobTag[] | undefined;
  readonly options: CheckedOptions;
}

/** Whether `finish` needs the secrets. */
export function takesSecrets({ key, tags, origin, groups }: CheckedJob): boolean {
  return key !== undefined || tags !== undefined || origin !== undefined || needsDigest(groups);
}

/** Stands before the parts of a key that is what the job follows from; before others stands what gave them. */
const ORIGIN = 'origin';
const CALL = 'call';

/**
 * Validates a job. What follows from something is known by that, where neither caller nor contract has a key.
 * @throws InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError, InvalidContractError, InvalidGroupError
 */
export function check(
  contract: AnyJobContract,
  data: unknown,
  options: EnqueueOptions | undefined,
  origin?: JobOrigin,
): CheckedJob {
  const checked = optionsFor(contract, options);
  const { chunk } = contract;
  if (chunk !== undefined) {
    const { json } = checkItem(chunk, data);
    const causes = origin && [ORIGIN, origin.cause];
    const [items, written] = [{ items: [data] }, chunkJson([json])];
    return { contract, data: items, json: written, key: causes, groups: [], origin, tags: undefined, options: checked };
  }
  const output = validatePayload(contract, data);
  const json = writePayload(contract, data);
  const caused = origin === undefined || origin.byIdAlone === true ? undefined : [ORIGIN, origin.cause];
  const key = keyOf(contract, output, checked.idempotencyKey) ?? caused;
  const groups = saidGroups(contract, output);
  return { contract, data, json, key, groups, origin, tags: tagsOf(contract, output), options: checked };
}

/** @throws InvalidOptionsError */
export function optionsFor(contract: AnyJobContract, options: EnqueueOptions | undefined): CheckedOptions {
  return options === undefined ? defaultsOf(contract) : checkOptions(contract, options);
}

/** Builds the BullMQ job. @throws PayloadKeyMissingError, PayloadTooLargeError. Secrets are needed where the job has a key or tags, or follows from something: `takesSecrets`. */
export function finish(
  context: PrepareContext,
  { contract, data, json, key: parts, groups, origin, tags, options: given }: CheckedJob,
  secrets: Secrets | undefined,
): PreparedJob {
  const { traceparent, batchId } = context;
  const cause = currentCause();
  const delayMs = delayOf(context, contract, given);
  const correlationId = given.correlationId ?? cause?.correlationId;
  const { present, previous } = secrets ?? {};
  const idWith =
    origin && ((digests: Secrets['present']) => derivedId(contract.queue, origin.atMs, origin.cause, digests));
  const id = (present && idWith?.(present)) ?? newJobId(context, contract);
  const trace = traceparent() ?? cause?.traceparent;
  const canonical = parts?.[0] === ORIGIN ? undefined : parts && canonicalJson(json, given.generated);
  const key = parts && secrets && jobKeyOf(secrets, contract.name, parts, canonical);
  const metadata = writeMeta({
    version: contract.version,
    correlationId,
    traceparent: trace,
    causationId: cause?.causationId,
    userId: cause?.userId,
    batchId,
    tags: tags && shownTags(contract, tags),
    encrypted: encryptedIn(context.cipher, contract),
  });
  return {
    id,
    contract,
    data,
    json,
    stored: storedJson(context.cipher, contract, data, json),
    correlationId: correlationId ?? id,
    traceparent: trace,
    delayMs,
    key,
    before: key?.previous && { ...key.previous, jobId: previous && idWith?.(previous) },
    options: optionsOf(contract, given.priority, delayMs, {
      key: key && storedKey(contract, key, parts),
      grouped: groups.length === 0 ? undefined : groupOptions(contract, groups, present),
      tg: tags && present && tagDigests(present, tags),
    }),
    metadata,
  };
}

export function newJobId(context: PrepareContext, { queue }: AnyJobContract): string {
  return jobIdOf(queue, context.ids.next(nowOf(context)));
}

/** Until the job starts, from now. @throws InvalidOptionsError */
export function delayOf(
  context: PrepareContext,
  contract: AnyJobContract,
  { delayMs, atMs }: Pick<CheckedOptions, 'delayMs' | 'atMs'>,
): number {
  return atMs === undefined ? delayMs : delayUntil(contract, atMs, nowOf(context));
}

function nowOf({ now = Date.now }: PrepareContext): number {
  return now();
}

/** Where the contract's own key ends with its job. */
const CALLS_KNOWN_MS = 86_400_000;

/** By priority and groups. */
const SHARED = new WeakMap<AnyJobContract, Map<string, Readonly<GroupedOptions>>>();
/** A contract whose jobs have more groups than that shares none of the others. */
const SHARED_AT_MOST = 256;

export function optionsOf(
  contract: AnyJobContract,
  priority: number,
  delayMs: number,
  {
    key,
    grouped = {},
    tg,
  }: {
    readonly key: StoredKey | undefined;
    readonly grouped?: GroupOptions | undefined;
    readonly tg?: string | undefined;
  },
): Readonly<GroupedOptions> {
  const known = SHARED.get(contract) ?? new Map<string, Readonly<GroupedOptions>>();
  if (known.size === 0) SHARED.set(contract, known);
  const like = grouped.groups === undefined ? String(priority) : `${priority} ${JSON.stringify(grouped)}`;
  let shared = known.get(like);
  if (shared === undefined) {
    shared = Object.freeze({ ...sharedOptions(contract, priority), ...grouped });
    if (known.size < SHARED_AT_MOST) known.set(like, shared);
  }
  if (delayMs <= 0 && key === undefined && tg === undefined) return shared;
  return {
    ...shared,
    ...(delayMs > 0 && { delay: delayMs }),
    ...(key !== undefined && { deduplication: key }),
    ...(tg !== undefined && { tg }),
  };
}

/** What a caller or a cause is known by is answered whatever became of the first job: asking again must not do it twice. */
function storedKey({ key }: AnyJobContract, { present }: JobKey, parts: readonly KeyPart[] = []): StoredKey {
  const { id, data } = present;
  const { keep, forMs, maxWaitMs } = key;
  if (parts[0] === CALL || parts[0] === ORIGIN) {
    const shared = { id, keep: 'first', for: forMs > 0 ? forMs : CALLS_KNOWN_MS, always: true } as const;
    return data === undefined ? shared : { ...shared, data };
  }
  if (keep === 'last') return { id, keep, for: 0, ...(maxWaitMs !== undefined && { maxWait: maxWaitMs }) };
  return { id, keep, for: forMs, ...(data !== undefined && { data }) };
}

function sharedOptions({ retry, retention }: AnyJobContract, priority: number): GroupedOptions {
  return {
    attempts: retry.attempts,
    backoff: backoffOf(retry.backoff),
    priority,
    removeOnComplete: keepCompleted(retention.completedMs, retention.completedCount),
    removeOnFail: { age: Math.ceil(retention.failedMs / 1000) },
  };
}

/** For whoever has the secrets at hand. @throws as `check` */
export function prepare(context: PrepareContext, secrets: Secrets, ...job: Parameters<typeof check>): PreparedJob {
  return finish(context, check(...job), secrets);
}

function keyOf(
  contract: AnyJobContract,
  output: unknown,
  idempotencyKey: string | undefined,
): readonly KeyPart[] | undefined {
  if (idempotencyKey !== undefined) return [CALL, idempotencyKey];
  return contractKeyOf(contract, output);
}

/**
 * In BullMQ's own forms, so that a stock Worker retries our jobs too; what it does not know is the cap. Our workers ask the contract, whose policy
 * may have changed since.
 */
function backoffOf(backoff: Backoff): { type: 'exponential' | 'fixed'; delay: number; jitter?: number } {
  return backoff.kind === 'fixed'
    ? { type: 'fixed', delay: backoff.delayMs }
    : { type: 'exponential', delay: backoff.fromMs, jitter: 1 };
}

function defaultsOf(contract: AnyJobContract): CheckedOptions {
  return {
    delayMs: 0,
    atMs: undefined,
    priority: PRIORITY_NUMBERS[contract.priority],
    idempotencyKey: undefined,
    generated: undefined,
    correlationId: undefined,
  };
}

function keepCompleted(ageMs: number, count: number): true | { age: number; count: number } {
  return ageMs === 0 || count === 0 ? true : { age: Math.ceil(ageMs / 1000), count };
}
