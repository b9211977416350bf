import { decodeAtOnce } from '../../contracts/index.ts';
import { placeOfKey, type TakenJob } from '../../engine/index.ts';
import { toError } from '../../errors/index.ts';
import { bareError } from '../../privacy/index.ts';
import { keyHolder, marksOf, placeOf, shownJobId, takePlace } from '../../queue/index.ts';
import { stemsFromOutage } from '../../resilience/index.ts';
import { admit, isExpired, type Admitted } from './admit.ts';
import { decidedBefore } from './chunks/before.ts';
import { eachDead } from './chunks/each-dead.ts';
import { withBroken } from './chunks/readable-items.ts';
import type { Grouping } from '../destinations/grouping.ts';
import { perform } from './perform.ts';
import { runContext, type QueueContext, type RunContext } from './run-context.ts';
import { scrubbedLine } from './stored-error.ts';
import { endOf, type RunEnd } from './settle.ts';
import type { Outcome } from './outcome.ts';

/** BullMQ's own words; any other deferred failure is a child's, which they name by its key. */
const STALLED_TOO_OFTEN = 'job stalled more than allowable limit';
const CHILD_FAILED = /^child (\S+) failed$/;
const PLACE_AGAIN_MS = 1_000;
const NO_PLACE = 'the engine is away while it takes the place of the job that it was made of';

/**
 * One run of one job, from what was taken to its end: decode, admit, perform, classify. Answers the end that the engine is to write, and the
 * fact to emit once it has; undefined where the job was passed on to be run alone. Never rejects.
 */
export async function runJob(at: QueueContext, job: TakenJob): Promise<RunEnd | undefined> {
  const run = runContext(at, job);
  at.fetches.note(run.begunAt);
  if (await isPassedOn(run)) return undefined;
  const place = run.meta.replayOf === undefined ? 'taken' : await placeTaken(run, run.meta.replayOf);
  if (place === 'not-yet') {
    return endOf(run, { kind: 'snoozed', untilMs: run.startedAt + PLACE_AGAIN_MS, reason: NO_PLACE, alarm: false });
  }
  if (place === 'too-late' && job.attemptsStarted <= 1 && !isReplayed(job)) {
    return endOf(run, {
      kind: 'cancelled',
      reason: `job ${run.meta.replayOf} was put back before this one took its place`,
      begun: false,
    });
  }
  if (isReplayed(job)) await hasItsKey(run);
  const admitted = await admission(run);
  if (admitted.kind !== 'admitted') return endOf(run, admitted);
  const opts = at.grouping === undefined ? undefined : await regrouped(at.grouping, run, admitted);
  // Not begun: it is decided by its groups when it is taken again.
  if (opts !== undefined) return { end: { what: 'handed-back', opts }, emit: undefined };
  return endOf(run, await outcomeOf(run, admitted));
}

/** Whoever made it of another job has done that, unless it was killed. `not-yet` where the engine is away. */
async function placeTaken(
  { at, jobId, meta, now }: RunContext,
  replayOf: string,
): Promise<'taken' | 'too-late' | 'not-yet'> {
  const of = placeOf(replayOf);
  if (of === undefined) return 'taken';
  const { replayedBy: by = 'producer', batchId } = meta;
  try {
    return await takePlace(at.engine, { queue: at.queue, id: jobId, of: of.id, by, batchId }, now());
  } catch (error) {
    if (stemsFromOutage(error)) return 'not-yet';
    // What is stored of the other one is damaged: that is no fault of this one.
    at.facts.emit('worker.error', { worker: at.worker, queue: at.queue, error: bareError(toError(error)) });
    return 'taken';
  }
}

function isReplayed({ progress }: TakenJob): boolean {
  return typeof progress === 'object' && marksOf(progress).replayedAt !== undefined;
}

/** Whoever put it back has taken its key for it, unless it was killed, or another job has it by now. Best effort, as all that concerns a key. */
async function hasItsKey({ at, job }: RunContext): Promise<void> {
  await keyHolder(at.engine, at.queue, job).catch(() => undefined);
}

/** Started more often than it ended: it was snoozed, handed back, or there when a process died. */
async function isPassedOn({ at, job, jobId }: RunContext): Promise<boolean> {
  const { suspicion } = at;
  if (suspicion === undefined || job.attemptsStarted <= job.attemptsMade + 1) return false;
  if (!(await suspicion.isSuspect(shownJobId({ queue: at.queue, id: jobId })))) return false;
  // Not moved: it stays active under this token, and the supervisor keeps its lock from here on.
  suspicion.isolate({ queue: at.queue, jobId, jobName: job.name, token: job.token });
  return true;
}

async function admission(run: RunContext): Promise<Admitted | Outcome> {
  const { at, job } = run;
  if (at.stopping()) return { kind: 'handed-back' };
  if (job.deferredFailure !== undefined) {
    const reason = job.deferredFailure === STALLED_TOO_OFTEN ? 'stalled' : 'child-failed';
    return { kind: 'dead', reason, error: new Error(shownFailure(job.deferredFailure)), begun: false };
  }
  if (run.meta.part !== undefined || (run.assignment?.contract.chunk !== undefined && job.attemptsStarted > 1)) {
    const decided = await decidedBefore(run);
    if (decided !== undefined) return decided;
  }
  return admitAtOnce(run) ?? admit(run);
}

function shownFailure(failure: string): string {
  const key = CHILD_FAILED.exec(failure)?.[1];
  if (key === undefined) return failure;
  return `The child ${shownJobId(placeOfKey(key))} failed, and its flow lets the parent fail with it.`;
}

async function outcomeOf(run: RunContext, { assignment, data, readable }: Admitted): Promise<Outcome> {
  const { stopping, destinations } = run.at;
  // It may have been asked to stop while the job was looked at.
  if (stopping()) return { kind: 'handed-back' };
  const performed = await perform(run, assignment, data);
  const outcome =
    destinations === undefined
      ? performed
      : await destinations.breakers.conclude(run, performed, destinations.policy, error => scrubbedLine(run, error));
  const each = eachDead(assignment.contract, data, outcome);
  return readable === undefined ? each : withBroken(each, readable);
}

/** The common case: a known job of the current version, validated without a promise, not expired, nothing noted on it. */
function admitAtOnce(run: RunContext): Admitted | undefined {
  const { assignment, job, meta } = run;
  if (
    assignment === undefined ||
    job.kind === 'broken' ||
    run.undecrypted !== undefined ||
    typeof job.progress === 'object'
  )
    return undefined;
  const decoded = decodeAtOnce(assignment.contract, meta.version, run.data);
  if (decoded === undefined || isExpired(run, assignment.contract)) return undefined;
  return { kind: 'admitted', assignment, data: decoded.data };
}

/** The job's options with the groups that it was stored without. */
async function regrouped(
  grouping: Grouping,
  { job }: RunContext,
  { assignment, data }: Admitted,
): ReturnType<Grouping['completed']> {
  try {
    return await grouping.completed(assignment.contract, data, job.opts);
  } catch {
    // The secret could not be read: that is no fault of the job.
    return undefined;
  }
}
