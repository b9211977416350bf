import { WaitingError } from 'bullmq';
import { decodeAtOnce } from '../../contracts/index.ts';
import { isBrokenJson, type EngineJob } from '../../engine/index.ts';
import { admit, isExpired } from './admit.ts';
import { perform } from './perform.ts';
import { runContext, type Assignment, type QueueContext, type RunContext } from './run-context.ts';
import { settle } from './settle.ts';

/**
 * One run of one job, from what the queue holds to its outcome: decode, admit, perform, classify, settle, state the fact.
 *
 * The common case (a known job of the current version, validated at once, not expired) goes to the handler without a turn of
 * the event loop: measured, each `await` here costs every job about a third of a microsecond.
 */
export function runJob(at: QueueContext, job: EngineJob, token: string): Promise<unknown> {
  const run = runContext(at, job, token);
  at.fetches.note(run.begunAt);
  // Started more often than it ended: it was snoozed, handed back, or there when a process died.
  const { suspicion } = at;
  if (suspicion === undefined || job.attemptsStarted <= job.attemptsMade + 1) return start(run);
  return suspicion.isSuspect(run.jobId).then(suspect => {
    if (!suspect) return start(run);
    suspicion.isolate({ queue: at.queue, jobId: run.jobId, jobName: job.name, token });
    // Not moved: it stays active under this token, and the supervisor keeps its lock from here on.
    throw new WaitingError();
  });
}

function start(run: RunContext): Promise<unknown> {
  const { assignment, job } = run;
  // Something is noted on it: cancelled, or waiting for another release.
  const noted = typeof job.progress === 'object';
  const sound = assignment !== undefined && !noted && isBrokenJson(job) === undefined;
  const decoded = sound ? decodeAtOnce(assignment.contract, run.meta.version, job.data) : undefined;
  if (sound && decoded !== undefined && !isExpired(run, assignment.contract)) {
    return pass(run, assignment, decoded.data);
  }
  return admit(run).then(admitted =>
    admitted.kind === 'admitted' ? pass(run, admitted.assignment, admitted.data) : settle(run, admitted),
  );
}

/** Through to the handler, unless the job's destination or rate makes it wait. */
function pass(run: RunContext, assignment: Assignment, data: unknown): Promise<unknown> {
  const { destinations } = run.at;
  if (destinations === undefined) return perform(run, assignment, data);
  const { gate, policy } = destinations;
  return gate.admit(run, assignment.contract, data, policy).then(
    admission =>
      admission?.kind === 'waits'
        ? settle(run, admission.settlement)
        : perform(run, assignment, data, admission?.passage),
    // The shared state could not be asked: that is no fault of the job.
    () => perform(run, assignment, data),
  );
}
