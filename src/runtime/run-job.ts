import { DelayedError, WaitingError } from 'bullmq';
import { decodeAtOnce, decodePayload, type AnyJobContract, type App, type Handler } from '../contracts/index.ts';
import { isBrokenJson, type EngineJob } from '../engine/index.ts';
import {
  JobAbortedError,
  JobExpiredError,
  JobTimeoutError,
  UndecodableJobError,
  UnknownJobError,
} from '../errors/index.ts';
import type { Facts, RunFields } from '../facts/index.ts';
import { readMeta, traceIdOf, type JobMeta } from '../queue/index.ts';
import { classifyReturn, classifyThrow, type AttemptInfo } from './classify.ts';
import { RunningJob, type RunningJobs } from './running-jobs.ts';
import { settle, stored, type SettleContext } from './settle.ts';
import type { Settlement } from './settlement.ts';

/** A job that this release does not know waits so long for one that does, looked at every half minute. */
const UNKNOWN_FOR_MS = 3_600_000;
const UNKNOWN_AGAIN_MS = 30_000;

export interface RunJobContext {
  readonly app: App;
  readonly queue: string;
  readonly worker: string;
  readonly facts: Facts;
  readonly running: RunningJobs;
  readonly needs: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly handBack: SettleContext['handBack'];
  /** What to state once BullMQ has confirmed the outcome; a completion that is refused (lock lost) states nothing. */
  readonly confirmed: WeakMap<EngineJob, () => void>;
}

/** One run of one job, from what the queue holds to its outcome. */
export async function runJob(context: RunJobContext, job: EngineJob, token: string): Promise<unknown> {
  const startedAt = Date.now();
  const meta = readMeta(job.opts.telemetry?.metadata);
  const handler = context.app.handlers.get(job.name);
  const contract = handler?.contract.queue === context.queue ? handler.contract : undefined;
  const attempt: AttemptInfo = { attempt: job.attemptsMade + 1, attempts: job.opts.attempts || 1, now: startedAt };

  const settlement =
    contract === undefined || handler === undefined
      ? await unknownJob(context, job, startedAt, 'the name')
      : await attemptRun(context, job, handler, contract, meta, attempt);

  const state = outcomeStatement(context, job, contract, meta, attempt, settlement);
  if (state === undefined) return settle({ contract, handBack: context.handBack }, job, token, settlement);
  if (settlement.kind !== 'snoozed' && settlement.kind !== 'handed-back') {
    context.confirmed.set(job, state);
    return settle({ contract, handBack: context.handBack }, job, token, settlement);
  }
  // These are moved here, not by BullMQ afterwards: what is thrown says that the move has happened.
  try {
    return await settle({ contract, handBack: context.handBack }, job, token, settlement);
  } catch (moved) {
    if (moved instanceof DelayedError || moved instanceof WaitingError) state();
    throw moved;
  }
}

async function attemptRun(
  context: RunJobContext,
  job: EngineJob,
  handler: Handler,
  contract: AnyJobContract,
  meta: JobMeta,
  info: AttemptInfo,
): Promise<Settlement> {
  const broken = isBrokenJson(job);
  if (broken !== undefined) return undecodable(contract, broken);
  // The common case takes no promise: one turn of the loop a job is measurable.
  const atOnce = decodeAtOnce(contract, meta.version, job.data);
  let data = atOnce?.data;
  if (atOnce === undefined) {
    const decoded = await decodePayload(contract, meta.version, job.data);
    if (decoded.kind === 'newer-version') return unknownJob(context, job, info.now, `version ${decoded.version}`);
    if (decoded.kind === 'unreadable') return undecodable(contract, decoded.detail);
    data = decoded.data;
  }
  const ageMs = info.now - job.timestamp;
  if (contract.expiresAfterMs !== undefined && ageMs > contract.expiresAfterMs) {
    const error = new JobExpiredError(contract.name, ageMs, contract.expiresAfterMs);
    return { kind: 'dead', reason: 'expired', error };
  }
  return perform(context, job, handler, contract, meta, info, data);
}

async function perform(
  context: RunJobContext,
  job: EngineJob,
  handler: Handler,
  contract: AnyJobContract,
  meta: JobMeta,
  info: AttemptInfo,
  data: unknown,
): Promise<Settlement> {
  const jobId = job.id ?? '';
  const run = new RunningJob(contract, {
    jobId,
    attempt: info.attempt,
    attempts: info.attempts,
    enqueuedAt: job.timestamp,
    correlationId: meta.correlationId ?? jobId,
    traceparent: meta.traceparent,
    startedAt: info.now,
  });
  if (context.facts.wants('job.started')) {
    context.facts.state('job.started', { ...runFields(context, job, meta, info), waitedMs: waitedMs(job, info.now) });
  }
  context.running.add(run);
  try {
    const returned = await new Promise<unknown>((resolve, reject) => {
      run.onGiveUp(reject);
      begin(handler, data, run, context.needs.get(contract.name) ?? NO_NEEDS).then(resolve, reject);
    });
    return classifyReturn(contract, returned, info);
  } catch (thrown) {
    return (
      stopped(run) ??
      classifyThrow(contract, run.abortReason instanceof JobTimeoutError ? run.abortReason : thrown, info)
    );
  } finally {
    context.running.delete(run);
  }
}

const NO_NEEDS: Readonly<Record<string, unknown>> = Object.freeze({});

/** Async, so that a handler that throws before its first await rejects too. */
async function begin(
  handler: Handler,
  data: unknown,
  run: RunningJob,
  needs: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  return handler.perform(data, run, needs);
}

/** A run that ended with an error because it was told to stop has not failed: it goes back. */
function stopped(run: RunningJob): Settlement | undefined {
  return run.abortReason instanceof JobAbortedError && run.abortReason.reason === 'shutdown'
    ? { kind: 'handed-back' }
    : undefined;
}

function undecodable(contract: AnyJobContract, detail: string): Settlement {
  return { kind: 'dead', reason: 'undecodable', error: new UndecodableJobError(contract.name, detail) };
}

async function unknownJob(context: RunJobContext, job: EngineJob, now: number, what: string): Promise<Settlement> {
  const since = snoozedSince(job.progress) ?? now;
  if (now - since >= UNKNOWN_FOR_MS) {
    const error = new UnknownJobError(context.queue, job.name, what, now - since);
    return { kind: 'dead', reason: 'unknown-contract', error };
  }
  // The one mutable place that a job has for this on both engines; it is also what a person sees on the board.
  await job.updateProgress({ waitingForRelease: what, since });
  return {
    kind: 'snoozed',
    untilMs: now + UNKNOWN_AGAIN_MS,
    reason: `this release does not know ${what}`,
    alarm: true,
  };
}

function snoozedSince(progress: unknown): number | undefined {
  if (typeof progress !== 'object' || progress === null || !('since' in progress)) return undefined;
  return typeof progress.since === 'number' ? progress.since : undefined;
}

function waitedMs(job: EngineJob, now: number): number {
  return Math.max(0, now - job.timestamp - (job.delay || 0));
}

function runFields(context: RunJobContext, job: EngineJob, meta: JobMeta, info: AttemptInfo): RunFields {
  const jobId = job.id ?? '';
  return {
    jobId,
    jobName: job.name,
    queue: context.queue,
    correlationId: meta.correlationId ?? jobId,
    traceId: traceIdOf(meta.traceparent),
    attempt: info.attempt,
    worker: context.worker,
  };
}

const FACT_OF = {
  succeeded: 'job.succeeded',
  retry: 'job.retried',
  snoozed: 'job.snoozed',
  cancelled: 'job.cancelled',
  dead: 'job.dead',
  'handed-back': 'job.handed-back',
} as const;

/** Undefined when nobody listens: the fields are then never built. */
function outcomeStatement(
  context: RunJobContext,
  job: EngineJob,
  contract: AnyJobContract | undefined,
  meta: JobMeta,
  info: AttemptInfo,
  settlement: Settlement,
): (() => void) | undefined {
  const { facts } = context;
  if (!facts.wants(FACT_OF[settlement.kind])) return undefined;
  const fields = runFields(context, job, meta, info);
  const ranMs = Date.now() - info.now;
  switch (settlement.kind) {
    case 'succeeded':
      return () => facts.state('job.succeeded', { ...fields, waitedMs: waitedMs(job, info.now), ranMs });
    case 'retry': {
      const error = stored(contract, job, settlement.error);
      return () => facts.state('job.retried', { ...fields, ranMs, retryInMs: settlement.afterMs, error });
    }
    case 'snoozed': {
      const { untilMs, reason, alarm } = settlement;
      return () => facts.state('job.snoozed', { ...fields, untilMs, reason, alarm });
    }
    case 'cancelled':
      return () => facts.state('job.cancelled', { ...fields, reason: settlement.reason });
    case 'dead': {
      const error = stored(contract, job, settlement.error);
      return () => facts.state('job.dead', { ...fields, ranMs, reason: settlement.reason, error });
    }
    case 'handed-back':
      return () => facts.state('job.handed-back', { ...fields, ranMs });
  }
}
