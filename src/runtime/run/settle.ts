import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, RATE_LIMIT_ERROR, UnrecoverableError, WaitingError } from 'bullmq';
import { isOutage } from '../../resilience/index.ts';
import { isUnstorableJson, keptData } from '../../privacy/index.ts';
import { JobCancelledError } from '../../contracts/index.ts';
import { failedLine, type EndReason } from '../../dead-letters/index.ts';
import type { RunContext } from './run-context.ts';
import type { Settlement } from './settlement.ts';
import { outcomeStatement } from './state-outcome.ts';
import { storedError, type StoredError } from './stored-error.ts';

/** Thrown to BullMQ for a failed attempt; the worker's backoff strategy reads the wait from it. */
export class RetryError extends Error {
  readonly afterMs: number;

  constructor(stored: StoredError, afterMs: number) {
    super(toldMessage(stored));
    // Never the name that was thrown: BullMQ obeys its own by name, whoever throws them. That one is in the stack and the history.
    this.name = 'RetryError';
    if (stored.stack !== undefined) this.stack = stored.stack;
    this.afterMs = afterMs;
  }
}

/** Thrown to BullMQ for an end for good. A failure that is neither this nor a RetryError was BullMQ's own decision. */
export class FinalError extends UnrecoverableError {
  constructor(stored: StoredError) {
    super(toldMessage(stored));
    // BullMQ knows it by the class, and across copies of the package by the name.
    this.name = 'UnrecoverableError';
    if (stored.stack !== undefined) this.stack = stored.stack;
  }
}

/** BullMQ knows its rate limit by the message alone, and would put the job back without an attempt, again and again. */
function toldMessage({ name, message }: StoredError): string {
  return message === RATE_LIMIT_ERROR ? `${name}: ${message}` : message;
}

/**
 * Turns an outcome into what BullMQ knows: a return value, or an error of the right kind. The only place that does.
 * The fact is stated when BullMQ has confirmed the end, or here where the job is moved here.
 */
export async function settle(run: RunContext, settlement: Settlement): Promise<unknown> {
  const { at, job, token } = run;
  const state = outcomeStatement(run, settlement);
  switch (settlement.kind) {
    case 'succeeded':
      if (forgets(run)) await forget(run);
      return settleSuccess(run, settlement.result, state);
    case 'retry': {
      if (state !== undefined) at.confirmed.set(job, state);
      const stored = storedError(run, settlement.error);
      await record(run, stored);
      throw new RetryError(stored, settlement.afterMs);
    }
    case 'snoozed':
      // BullMQ counts the delay from its machine's clock.
      await job.moveToDelayed(Date.now() + settlement.untilMs - run.now(), token);
      state?.();
      throw new DelayedError();
    case 'handed-back':
      await at.handBack(job, token);
      state?.();
      throw new WaitingError();
    case 'cancelled':
      if (state !== undefined) at.confirmed.set(job, state);
      throw await endedForGood(run, new JobCancelledError(settlement.reason), 'cancelled');
    case 'dead':
      if (state !== undefined) at.confirmed.set(job, state);
      throw await endedForGood(run, settlement.error, settlement.reason);
  }
}

/** Adds the failed attempt to the job's history. Where it cannot, the failure counts all the same. */
async function record(run: RunContext, error: StoredError, dead?: EndReason): Promise<void> {
  const line = failedLine({
    at: run.now(),
    ranMs: Math.round(performance.now() - run.begunAt),
    attempt: run.attempt,
    worker: run.at.worker,
    version: run.assignment?.contract.version,
    error: error.name,
    message: error.message,
    ...(dead !== undefined && { dead }),
  });
  await run.job.log(line).catch(() => undefined);
}

/** True for a success that needs nothing written before it: then `settleSuccess` does, without a promise. */
export function settlesAtOnce(
  run: RunContext,
  settlement: Settlement,
): settlement is Settlement & { readonly kind: 'succeeded' } {
  return settlement.kind === 'succeeded' && !forgets(run);
}

export function settleSuccess(
  run: RunContext,
  result: unknown,
  state: (() => void) | undefined = outcomeStatement(run, { kind: 'succeeded', result }),
): unknown {
  if (state !== undefined) run.at.confirmed.set(run.job, state);
  return boundedResult(result);
}

async function endedForGood(run: RunContext, error: Error, reason: EndReason): Promise<Error> {
  const stored = storedError(run, error);
  await record(run, stored, reason);
  if (forgets(run)) await forget(run);
  return new FinalError(stored);
}

function forgets({ assignment }: RunContext): boolean {
  return assignment !== undefined && assignment.contract.retention.forget.length > 0;
}

const AGAIN_MS = 500;

/**
 * Before the job ends: afterwards it may be gone, or kept for days. An engine that is away or takes no writes is waited for, as BullMQ waits with
 * the end itself: what the handler did must not be done again because of this.
 */
async function forget({ assignment, job, meta }: RunContext): Promise<void> {
  if (assignment === undefined) return;
  const { retention, version } = assignment.contract;
  const kept = keptData({ forget: retention.forget, version }, { version: meta.version, data: job.data });
  for (;;) {
    try {
      return await job.updateData(kept);
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
    await sleep(AGAIN_MS);
  }
}

const RESULT_LIMIT = 4_096;

/** Results travel through BullMQ's event stream and are kept with the job: small ones are, others are named only. */
function boundedResult(result: unknown): unknown {
  if (typeof result !== 'object' && typeof result !== 'string')
    return typeof result === 'bigint' ? String(result) : result;
  if (result === null) return result;
  try {
    const json = JSON.stringify(result) ?? '';
    if (json.length > RESULT_LIMIT) {
      return { omitted: `a result of ${json.length} characters; ${RESULT_LIMIT} are kept at most` };
    }
    return isUnstorableJson(json) ? { omitted: 'a result with a text that not every engine can hold' } : result;
  } catch {
    return { omitted: 'a result that JSON cannot hold' };
  }
}
