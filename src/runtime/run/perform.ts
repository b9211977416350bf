import { causedBy, type Cause, type Tracer } from '../../tracing/index.ts';
import {
  itemsIn,
  type AnyJobContract,
  JobAbortedError,
  JobCancelledError,
  JobSilentError,
  JobTimeoutError,
} from '../../contracts/index.ts';
import { shownJobId } from '../../queue/index.ts';
import { runAround } from './around.ts';
import { classifyReturn, classifyThrow } from './classify.ts';
import { RunNotes } from './notes/run-notes.ts';
import { runFields, waitedMs, type Assignment, type RunContext } from './run-context.ts';
import type { RunParts } from './run-parts.ts';
import { ChildrenOfRun } from './children/run-children.ts';
import { RunningJob } from './running-job.ts';
import { RunSteps } from './steps/run-steps.ts';
import type { Outcome } from './outcome.ts';

/** A handler that obeys its signal has ended by then. */
const STUCK_AFTER_MS = 5_000;

/** Calls the handler and watches over its deadline. Resolves with what the run came to when it ends or must be given up. Never rejects. */
export async function perform(run: RunContext, assignment: Assignment, data: unknown): Promise<Outcome> {
  const { facts, running } = run.at;
  if (facts.wants('job.started')) facts.emit('job.started', { ...runFields(run), waitedMs: waitedMs(run) });
  const { contract } = assignment;
  const runningJob = new RunningJob(contract, run, assignment.ledger, partsOf(run, contract));
  running.add(runningJob);
  const inner = (): Promise<Outcome> => ended(run, assignment, data, runningJob);
  const outcome = await (assignment.use.length === 0 ? inner() : surrounded(run, assignment, data, runningJob, inner));
  running.delete(runningJob);
  // Before the end: afterwards nobody has claimed the job, and nothing can be noted on it.
  const untold = runningJob.endNotes();
  if (untold !== undefined) await untold;
  return outcome;
}

/** A middleware that does not end when its run must is left behind after that. */
const MIDDLEWARE_MS = 100;

/** Within the app's middleware, which the deadline and a stop hold for as well. */
function surrounded(
  run: RunContext,
  { contract, use }: Assignment,
  data: unknown,
  runningJob: RunningJob,
  inner: () => Promise<Outcome>,
): Promise<Outcome> {
  return new Promise(resolve => {
    const failed = (error: unknown): Outcome => classifyEnd(contract, runningJob, error, run);
    runningJob.onGiveUp(reason => void setTimeout(() => resolve(failed(reason)), MIDDLEWARE_MS).unref());
    const around = { contract, data, run: runningJob };
    void causedBy(causeOf(run), () => runAround(use, around, run, inner, failed)).then(resolve);
  });
}

function partsOf(run: RunContext, contract: AnyJobContract): RunParts<RunningJob> {
  const { notes, steps, batches, engine, queue } = run.at;
  return {
    voice: job => new RunNotes(run, contract, notes, reason => job.cancel(reason)),
    stepper: job => new RunSteps(run, contract, steps, job),
    children: job => new ChildrenOfRun(engine, { queue, id: run.jobId }, ask => job.waitsForEngine(ask)),
    addMembers: async (batchId, call, jobs) => {
      const from = { id: `${run.jobId} adds ${call}`, at: new Date(run.job.timestamp) };
      return (await batches.add(batchId, from, jobs)).map(({ id }) => id);
    },
  };
}

/** One promise for the whole run: what the handler does after its end was decided is nobody's business any more. */
function ended(
  run: RunContext,
  { contract, handler, needs }: Assignment,
  data: unknown,
  runningJob: RunningJob,
): Promise<Outcome> {
  const { tracer } = run.at;
  return new Promise(resolve => {
    let stuck: NodeJS.Timeout | undefined;
    // A cancel gives a run up a while after it was asked for: its handler may have ended by then.
    let isOver = false;
    const over = (): void => {
      isOver = true;
      clearTimeout(stuck);
    };
    const returned = (value: unknown): void => {
      over();
      resolve(classifyReturned(contract, runningJob, value, run));
    };
    const thrown = (error: unknown): void => {
      over();
      resolve(classifyEnd(contract, runningJob, error, run));
    };
    runningJob.onGiveUp(reason => {
      if (isOver) return;
      const { onStuck } = run.at;
      resolve(classifyEnd(contract, runningJob, reason, run));
      if (onStuck !== undefined && !(reason instanceof JobAbortedError)) {
        stuck ??= setTimeout(onStuck, STUCK_AFTER_MS, run).unref();
      }
    });
    const work = (): unknown => handler.perform(data, runningJob, needs);
    try {
      const result = tracer === undefined ? causedBy(causeOf(run), work) : inRunSpan(tracer, run, work);
      // Looking at what was returned may throw as well.
      if (isThenable(result)) Promise.resolve(result).then(returned, thrown);
      else returned(result);
    } catch (error) {
      thrown(error);
    }
  });
}

/** What the handler enqueues or publishes names this job as its cause. */
function causeOf({ at, jobId, meta }: RunContext): Cause {
  return {
    correlationId: meta.correlationId ?? jobId,
    // Most handlers enqueue nothing.
    get causationId() {
      return shownJobId({ queue: at.queue, id: jobId });
    },
    userId: meta.userId,
    traceparent: meta.traceparent,
  };
}

/** The handler's work as a span that continues the producer's trace. It ends when the handler does, also where the run was given up. */
function inRunSpan(tracer: Tracer, run: RunContext, work: () => unknown): Promise<unknown> {
  const { at, job, jobId, meta, attempt, assignment } = run;
  const attributes = {
    ...(assignment?.contract.chunk !== undefined && { 'messaging.batch.message_count': itemsIn(job.data).length }),
    'messaging.system': 'shiftwork',
    'messaging.operation.type': 'process',
    'messaging.destination.name': at.queue,
    'messaging.message.id': jobId,
    'shiftwork.job.attempt': attempt,
    'shiftwork.job.waited_ms': waitedMs(run),
    'shiftwork.worker': at.worker,
  };
  const within = (traceparent: string): Promise<unknown> =>
    // An async function, so that a handler that throws at once rejects as well.
    causedBy({ ...causeOf(run), traceparent, tracer }, async () => work());
  return tracer.span(`job.run ${job.name}`, meta.traceparent, attributes, within, 'consumer', meta.links);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Whatever was to become of a run that was stopped: one that leaves doubt about its effect is not simply begun again. */
function classifyEnd(contract: AnyJobContract, job: RunningJob, error: unknown, run: RunContext): Outcome {
  const stopped = classifyStopped(job);
  if (stopped === undefined) return classifyThrow(contract, timeoutOf(job) ?? error, run);
  const thrown = classifyThrow(contract, error, run);
  return thrown.kind === 'dead' && thrown.reason === 'in-doubt' ? thrown : stopped;
}

/** What was done is done. What a stopped run only says gives way to why it was stopped, as where it is thrown. */
function classifyReturned(contract: AnyJobContract, job: RunningJob, value: unknown, run: RunContext): Outcome {
  const said = classifyReturn(contract, value, run);
  return said.kind === 'succeeded' ? said : (classifyStopped(job) ?? said);
}

/** A run that ended without success because it was stopped has not failed: it goes back, or is not wanted any more. */
function classifyStopped({ abortReason }: RunningJob): Outcome | undefined {
  if (abortReason instanceof JobCancelledError) return { kind: 'cancelled', reason: abortReason.reason };
  return abortReason instanceof JobAbortedError && abortReason.reason === 'shutdown'
    ? { kind: 'handed-back' }
    : undefined;
}

/** A handler that was timed out, or was silent for too long, may throw anything; the reason is that. */
function timeoutOf({ abortReason }: RunningJob): Error | undefined {
  return abortReason instanceof JobTimeoutError || abortReason instanceof JobSilentError ? abortReason : undefined;
}
