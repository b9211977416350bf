import type { JobsOptions } from 'bullmq';
import { currentCause } from '../tracing/index.ts';
import {
  validatePayload,
  writePayload,
  type AnyJobContract,
  type EnqueueOptions,
  type KeyPart,
} from '../contracts/index.ts';
import type { IdSource } from '../time/index.ts';
import { checkOptions, type CheckedOptions } from './check-options.ts';
import { dataDigestOf } from './data-digest.ts';
import { deduplicationIdOf, digestOf, jobIdOf } from './job-id.ts';
import { writeMeta } from './job-meta.ts';
import { PRIORITY_NUMBERS } from './priorities.ts';

/** A job that has passed every check and needs only to be stored. */
export interface PreparedJob {
  readonly id: string;
  readonly digest: string;
  readonly contract: AnyJobContract;
  readonly data: unknown;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly delayMs: number;
  readonly keyed: boolean;
  readonly options: JobsOptions;
}

export interface PrepareContext {
  readonly ids: IdSource;
  /** For the ids: the engine's time, so that those of all hosts sort by when they were made. This machine's when left out. */
  readonly now?: () => number;
  readonly traceparent: () => string | undefined;
  /** Says that a repeat is a repeat where neither caller nor contract has a key: what the job follows from. */
  readonly origin?: string;
}

/** Named in every job so that the worker asks the contract, whose policy may have changed since. */
export const CONTRACT_BACKOFF = Object.freeze({ type: 'contract' });

/**
 * Validates and builds the BullMQ job.
 * @throws InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError, InvalidContractError
 */
export function prepare(
  context: PrepareContext,
  contract: AnyJobContract,
  data: unknown,
  options: EnqueueOptions | undefined,
): PreparedJob {
  const checked = options === undefined ? defaultsOf(contract) : checkOptions(contract, options);
  return build(context, contract, data, validatePayload(contract, data), checked);
}

function build(
  { ids, now = Date.now, traceparent, origin }: PrepareContext,
  contract: AnyJobContract,
  data: unknown,
  output: unknown,
  { delayMs, priority, idempotencyKey, generated, correlationId: given }: CheckedOptions,
): PreparedJob {
  const cause = currentCause();
  const correlationId = given ?? cause?.correlationId;
  const json = writePayload(contract, data);
  const key = keyOf(contract, output, idempotencyKey) ?? (origin === undefined ? undefined : ['origin', origin]);
  const digest = key === undefined ? digestOf(json) : dataDigestOf(json, generated);
  const id = jobIdOf(contract.queue, ids.next(now()), digest);
  const trace = traceparent() ?? cause?.traceparent;
  const { retention } = contract;
  const jobOptions: JobsOptions = {
    jobId: id,
    attempts: contract.retry.attempts,
    backoff: CONTRACT_BACKOFF,
    priority,
    removeOnComplete: keepCompleted(retention.completedMs, retention.completedCount),
    removeOnFail: { age: Math.ceil(retention.failedMs / 1000) },
  };
  if (delayMs > 0) jobOptions.delay = delayMs;
  const metadata = writeMeta({
    version: contract.version,
    correlationId,
    traceparent: trace,
    causationId: cause?.causationId,
    userId: cause?.userId,
  });
  if (metadata !== undefined) jobOptions.telemetry = { metadata };
  if (key !== undefined) {
    jobOptions.deduplication = { id: deduplicationIdOf(contract.name, key), ttl: contract.keyWindowMs };
  }
  return {
    id,
    digest,
    contract,
    data,
    correlationId: correlationId ?? id,
    traceparent: trace,
    delayMs,
    keyed: key !== undefined,
    options: jobOptions,
  };
}

function keyOf(
  { keyOf: contractKey }: AnyJobContract,
  output: unknown,
  idempotencyKey: string | undefined,
): readonly KeyPart[] | undefined {
  if (idempotencyKey !== undefined) return ['call', idempotencyKey];
  return contractKey && ['key', ...contractKey(output)];
}

function defaultsOf(contract: AnyJobContract): CheckedOptions {
  return {
    delayMs: 0,
    priority: PRIORITY_NUMBERS[contract.priority],
    idempotencyKey: undefined,
    generated: undefined,
    correlationId: undefined,
  };
}

function keepCompleted(ageMs: number, count: number): true | { age: number; count: number } {
  return ageMs === 0 || count === 0 ? true : { age: Math.ceil(ageMs / 1000), count };
}
