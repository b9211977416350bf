import { JobCancelledError, misfitOf, type AnyJobContract, type Death } from '../../contracts/index.ts';
import { plainLine, type EndReason } from '../../dead-letters/index.ts';
import { keyEndOf, type BatchOfEnd, type EndKind, type Keep, type NewJob, type TakenJob } from '../../engine/index.ts';
import { bareError, isUnstorableJson, keptData, scrubDeep } from '../../privacy/index.ts';
import { buried, emitDead, failedLineOf, failureOf, isUnclear, KEEP_FAILED, keepOf, whole } from './burial.ts';
import { divisionOf, partsOf } from './chunks/division.ts';
import { writeDivision } from './chunks/stored-division.ts';
import { classifyThrow } from './classify.ts';
import { runContext, type QueueContext, type RunContext } from './run-context.ts';
import { deathOf } from './follow-death.ts';
import type { Outcome } from './outcome.ts';
import { outcomeFact } from './outcome-fact.ts';
import { scrubberOf, storedError, type StoredError } from './stored-error.ts';

/** The end of a run as the engine writes it, and the fact to emit once it is written. */
export interface RunEnd {
  readonly end: EndKind;
  readonly emit: (() => void) | undefined;
  /** Where the contract says what follows when its job is dead. */
  readonly death?: Death | undefined;
  /** Of a chunk that is divided: to be kept with its job, then the jobs to be added, before the end is written. */
  readonly division?: { readonly stored: string; readonly parts: readonly NewJob[] } | undefined;
}

/** For jobs that bring no policy of their own: added by another program, or damaged. */
const KEEP_COMPLETED: Keep = { age: 3_600, count: 1_000 };
const UNCLEAR_AGAIN_MS = 1_000;

/** Turns the outcome of a run into the end that the engine writes. The only place that does. */
export function endOf(run: RunContext, outcome: Outcome): RunEnd {
  // The death and its line in the job's history bear the same time: by it what follows is found to have happened.
  const at = Math.floor(run.now());
  const ended = { end: endKindOf(run, outcome, at), emit: outcomeFact(run, outcome) };
  if (outcome.kind === 'divided') {
    const division = divisionOf(run, outcome);
    return { ...ended, division: { stored: writeDivision(division), parts: partsOf(run, division) } };
  }
  return outcome.kind === 'dead' && run.assignment?.contract.onDead !== undefined
    ? { ...ended, death: deathIn(run, run.assignment.contract, outcome, at) }
    : ended;
}

function deathIn(
  run: RunContext,
  contract: AnyJobContract,
  { reason, error }: Extract<Outcome, { readonly kind: 'dead' }>,
  now: number,
): Death | undefined {
  const { message } = storedError(run, error);
  const { at, job, attempt: attempts } = run;
  const parts = { queue: at.queue, now, reason, message, attempts };
  return deathOf({ jobs: new Map([[contract.name, contract]]) }, at.cipher, job, parts);
}

function endKindOf(run: RunContext, outcome: Outcome, now: number): EndKind {
  const { job } = run;
  switch (outcome.kind) {
    case 'succeeded': {
      const keep = keepOf(job.opts.removeOnComplete, KEEP_COMPLETED);
      const promised = run.assignment?.contract;
      const keptMs = promised?.result === undefined ? undefined : promised.resultForMs;
      const key = keyEndOf(job.opts, 'succeeded');
      const result = resultOf(run, outcome.result);
      return { what: 'succeeded', result, keep, key, batch: batchOf(run, now), data: forgotten(run), keptMs };
    }
    // The chunk itself has done its part: what is not done goes on in jobs of its own.
    case 'divided': {
      const { done, retry, dead } = outcome;
      const result = JSON.stringify({ done, retried: retry?.items.length ?? 0, dead: dead.length });
      const keep = keepOf(job.opts.removeOnComplete, KEEP_COMPLETED);
      return { what: 'succeeded', result, keep, key: keyEndOf(job.opts, 'succeeded'), data: forgotten(run) };
    }
    case 'retry': {
      const stored = storedError(run, outcome.error);
      const at = run.now() + outcome.afterMs;
      return {
        what: 'retry',
        at,
        failure: failureOf(job, stored),
        lifo: job.opts.lifo === true,
        line: lineOf(run, stored, now),
      };
    }
    case 'snoozed': {
      const progress = outcome.note === undefined ? undefined : JSON.stringify(outcome.note);
      return { what: 'snoozed', until: outcome.untilMs, progress };
    }
    case 'handed-back':
      return { what: 'handed-back' };
    case 'cancelled':
      return failedFor(run, 'cancelled', new JobCancelledError(outcome.reason), 'cancelled', now, outcome.begun);
    case 'dead':
      return failedFor(
        run,
        outcome.reason === 'expired' ? 'expired' : 'dead',
        outcome.error,
        outcome.reason,
        now,
        outcome.begun,
      );
  }
}

function failedFor(
  run: RunContext,
  what: 'cancelled' | 'expired' | 'dead',
  error: Error,
  reason: EndReason,
  now: number,
  begun: false | undefined,
): EndKind {
  const stored = storedError(run, error);
  return buried(run.job, {
    what,
    failure: failureOf(run.job, stored),
    line: lineOf(run, stored, now, reason, begun),
    data: forgotten(run),
    at: run.now(),
    unclear: isUnclear(reason),
  });
}

/** Of a success: nothing is read again. */
function batchOf({ meta: { batchId } }: RunContext, at: number): BatchOfEnd | undefined {
  return batchId === undefined ? undefined : { id: batchId, at };
}

/** The failed attempt in the job's history. */
function lineOf(
  run: RunContext,
  error: StoredError,
  at: number,
  dead?: EndReason,
  begun?: false,
): { readonly text: string; readonly keep?: number } {
  return failedLineOf(run.job, {
    at,
    ranMs: Math.round(performance.now() - run.begunAt),
    attempt: run.attempt,
    worker: run.at.worker,
    version: run.assignment?.contract.version,
    error: error.name,
    message: error.message,
    ...(dead !== undefined && { dead }),
    ...(begun !== undefined && { begun }),
  });
}

/** What is kept of the data of a job that ends: afterwards it may be gone, or stay for days. */
function forgotten({ assignment, job, meta }: RunContext): string | undefined {
  if (assignment === undefined || job.kind === 'broken') return undefined;
  const { retention, version } = assignment.contract;
  if (retention.forget.length === 0) return undefined;
  return JSON.stringify(keptData({ forget: retention.forget, version }, { version: meta.version, data: job.data }));
}

function resultOf(run: RunContext, result: unknown): string {
  const contract = run.assignment?.contract;
  const json = plainResult(run, contract, result);
  if (contract === undefined || contract.encrypt.length === 0 || json === 'null') return json;
  try {
    return JSON.stringify(run.at.cipher.encryptJson(contract.name, 'result', json));
  } catch {
    // What was done is done.
    return JSON.stringify({ omitted: 'a result that no key was there to encrypt' });
  }
}

function plainResult(run: RunContext, contract: AnyJobContract | undefined, result: unknown): string {
  // One that its contract promises was looked at already.
  const bounded = contract?.result === undefined ? boundedResult(run, result) : result;
  if (contract !== undefined && contract.sensitive.length > 0 && bounded !== undefined)
    return scrubbedJson(run, bounded);
  try {
    return JSON.stringify(bounded) ?? 'null';
  } catch {
    return JSON.stringify(unheld(run, bounded));
  }
}

/** Values of sensitive fields of the data do not stay behind in what a handler returns. */
function scrubbedJson(run: RunContext, result: unknown): string {
  try {
    // As JSON first: what a value makes of itself there is what is looked through.
    const plain: unknown = JSON.parse(JSON.stringify(result) ?? 'null');
    return JSON.stringify(scrubDeep(plain, scrubberOf(run)));
  } catch {
    return JSON.stringify(unheld(run, result));
  }
}

/** In place of a result of which JSON makes nothing at all. */
function unheld(run: RunContext, result: unknown): { readonly omitted: string } {
  return { omitted: `a result that ${misfitOf(result, () => scrubberOf(run))?.problem ?? 'JSON cannot hold'}` };
}

const RESULT_LIMIT = 4_096;

/** Results travel through BullMQ's event stream and are kept with the job: small ones are, others are named only. */
function boundedResult(run: RunContext, result: unknown): unknown {
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
    return unheld(run, result);
  }
}

/**
 * The end of a run whose success the engine refuses, for a reason that the handler could not know: a failed attempt, as BullMQ's own worker
 * counts it.
 */
export function refusedSuccess(at: QueueContext, job: TakenJob, error: Error): RunEnd {
  const run = runContext(at, job);
  return run.assignment === undefined
    ? unclear(at, job, error)
    : endOf(run, classifyThrow(run.assignment.contract, error, run));
}

/** The same end without the words that the engine could not hold. What is forgotten stays forgotten: it is a part of what the engine holds. */
export function unstorable(end: EndKind): EndKind {
  const bare = { line: undefined };
  if (end.what === 'succeeded') {
    const result = JSON.stringify({ omitted: 'a result that the engine cannot hold' });
    return { ...end, ...bare, result, keep: KEEP_COMPLETED };
  }
  if ('failure' in end) {
    const failure = { message: 'a failure whose words the engine cannot hold', stacktrace: [] };
    if (!('keep' in end)) return { ...end, ...bare, failure };
    // Its reason stays: what follows from a death is found by it.
    const text = end.line && plainLine(end.line.text, failure.message);
    return { ...end, line: text === undefined ? undefined : { ...end.line, text }, failure, keep: KEEP_FAILED };
  }
  return end.what === 'snoozed' ? { ...end, ...bare, progress: undefined } : end;
}

/** Where a run could not even be looked at, which is a fault of ours: the attempt has failed, so that it has an end. */
export function unclear(context: QueueContext, job: TakenJob, error: Error): RunEnd {
  const { assignments, worker, queue, facts } = context;
  const now = Math.floor(context.now());
  const attempts = whole(job.opts.attempts, 0) ?? 0;
  const attempt = job.attemptsMade + 1;
  const message = `The run could not be settled: ${error.name}`;
  const failure = { message, stacktrace: job.stacktrace };
  if (attempt < attempts) {
    return { end: { what: 'retry', at: now + UNCLEAR_AGAIN_MS, failure, lifo: false }, emit: undefined };
  }
  const reason = 'attempts-exhausted' as const;
  const fields = { jobId: job.id, jobName: job.name, queue, correlationId: job.id, attempt, worker };
  const history = { at: now, ranMs: 0, attempt, worker, version: undefined, error: error.name, message, dead: reason };
  const contract = assignments.get(job.name)?.contract;
  return {
    end: buried(job, {
      what: 'dead',
      failure,
      line: failedLineOf(job, history),
      data: undefined,
      at: now,
      unclear: true,
    }),
    emit: () => emitDead(facts, fields, { ranMs: 0, reason, error: bareError(error) }),
    death:
      contract &&
      deathOf({ jobs: new Map([[contract.name, contract]]) }, context.cipher, job, {
        queue,
        now,
        reason,
        message,
        attempts: attempt,
      }),
  };
}
