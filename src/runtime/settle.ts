import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import { createScrubber, forgetFields, type AnyJobContract } from '../contracts/index.ts';
import type { EngineJob } from '../engine/index.ts';
import { JobCancelledError } from '../errors/index.ts';
import type { Settlement } from './settlement.ts';
import { StoredError } from './stored-error.ts';

/** Thrown to BullMQ for a failed attempt; the worker's backoff strategy reads the wait from it. */
export class RetryError extends Error {
  readonly afterMs: number;

  constructor(stored: StoredError, afterMs: number) {
    super(stored.message);
    this.name = stored.name;
    if (stored.stack !== undefined) this.stack = stored.stack;
    this.afterMs = afterMs;
  }
}

export interface SettleContext {
  /** Undefined where this release does not know the job. */
  readonly contract: AnyJobContract | undefined;
  /** Puts the job back at the head of its queue, attempts untouched. */
  readonly handBack: (job: EngineJob, token: string) => Promise<void>;
}

/** Turns an outcome into what BullMQ knows: a return value, or an error of the right kind. The only place that does. */
export async function settle(
  { contract, handBack }: SettleContext,
  job: EngineJob,
  token: string,
  settlement: Settlement,
): Promise<unknown> {
  switch (settlement.kind) {
    case 'succeeded':
      if (contract !== undefined && contract.retention.forget.length > 0) await forget(contract, job);
      return boundedResult(settlement.result);
    case 'retry':
      throw new RetryError(stored(contract, job, settlement.error), settlement.afterMs);
    case 'snoozed':
      await job.moveToDelayed(settlement.untilMs, token);
      throw new DelayedError();
    case 'handed-back':
      await handBack(job, token);
      throw new WaitingError();
    case 'cancelled':
      throw await endedForGood(contract, job, new JobCancelledError(settlement.reason));
    case 'dead':
      throw await endedForGood(contract, job, settlement.error);
  }
}

async function endedForGood(contract: AnyJobContract | undefined, job: EngineJob, error: Error): Promise<Error> {
  const stops = stored(contract, job, error);
  if (contract !== undefined && contract.retention.forget.length > 0) await forget(contract, job);
  const final = new UnrecoverableError(stops.message);
  if (stops.stack !== undefined) final.stack = stops.stack;
  return final;
}

/** For listeners, and for the engine: nothing sensitive, nothing huge. */
export function stored(contract: AnyJobContract | undefined, job: EngineJob, error: Error): StoredError {
  return new StoredError(error, contract === undefined ? text => text : createScrubber(contract, job.data));
}

/** Before the job ends: afterwards it may be gone, or kept for days. */
async function forget(contract: AnyJobContract, job: EngineJob): Promise<void> {
  await job.updateData(forgetFields(contract.retention.forget, job.data));
}

const RESULT_LIMIT = 4_096;

/** Results travel through BullMQ's event stream and are kept with the job: small ones are, others are named only. */
function boundedResult(result: unknown): unknown {
  if (result === undefined || result === null || typeof result === 'number' || typeof result === 'boolean')
    return result;
  try {
    const size = JSON.stringify(result)?.length ?? 0;
    return size <= RESULT_LIMIT
      ? result
      : { omitted: `a result of ${size} characters; ${RESULT_LIMIT} are kept at most` };
  } catch {
    return { omitted: 'a result that JSON cannot hold' };
  }
}
