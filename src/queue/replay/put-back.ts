import { storedKeyOf, type Engine, type EngineJob, type EngineQueue, type TakenJob } from '../../engine/index.ts';
import type { StateStore } from '../../state/index.ts';
import { CANCELS } from '../cancel/cancel-job.ts';
import { replayMark } from '../views/due-at.ts';
import { shownJobId } from '../ids/job-id.ts';
import { ACT_MS } from './exclusively.ts';
import { replayedLine } from './replayed-line.ts';
import { successorOf } from './take-place.ts';

/** What is held against a job whose processes ended, by its name: ids of other programs are unique in their queue alone. */
export const BLAME = 'blame';

/** What keeps a job that has ended from running again as it is. */
export interface InTheWay {
  /** `replayed`: another job was made of it, with other data; `key-held`: its key stands for another one. */
  readonly reason: 'replayed' | 'key-held';
  readonly id: string;
}

/** The job that a replay with other data has made of a dead one, where it is there. It takes the place of that one before it begins. */
export async function replayedAs(queue: EngineQueue, job: EngineJob): Promise<string | undefined> {
  if (job.id === undefined) return undefined;
  const made = successorOf(queue.name, job, job.id);
  return (await queue.getJobState(made)) === 'unknown' ? undefined : made;
}

/** Looks for another job that is there in the place of a dead one, and takes its key for it otherwise: for a moment, since whoever asks may be killed before it waits. */
export async function inTheWayOf(
  engine: Engine,
  queue: EngineQueue,
  job: EngineJob,
  from: 'failed' | 'completed',
): Promise<InTheWay | undefined> {
  // One that has succeeded stays beside what is made of it, to be done again.
  const made = from === 'failed' ? await replayedAs(queue, job) : undefined;
  if (made !== undefined) return { reason: 'replayed', id: made };
  const holder = await keyHolder(engine, queue.name, job, ACT_MS);
  return holder === undefined ? undefined : { reason: 'key-held', id: holder };
}

/** Takes the job's key for it, for so long, or as long as the job is there. Answers the job that has it meanwhile, if another one has. */
export async function keyHolder(
  engine: Pick<Engine, 'turns'>,
  queue: string,
  job: Pick<TakenJob, 'id' | 'opts'> | Pick<EngineJob, 'id' | 'opts'>,
  forMs?: number,
): Promise<string | undefined> {
  const key = storedKeyOf(job.opts);
  if (key === undefined || job.id === undefined) return undefined;
  const holder = await (await engine.turns(queue)).holdKey(job.id, { id: key.id, forMs });
  return holder === job.id ? undefined : holder;
}

export interface PutBackOn {
  readonly engine: Engine;
  readonly state: StateStore;
  readonly queue: EngineQueue;
}

/** Puts a job that has ended back as it is, with fresh attempts; its history is kept. The engine refuses it when it is not in that state any more. */
export async function putBack(
  { engine, state, queue }: PutBackOn,
  job: EngineJob,
  from: 'failed' | 'completed',
  by: string,
): Promise<void> {
  const { id = '' } = job;
  const name = shownJobId({ queue: queue.name, id });
  await state.delete(BLAME, name);
  // What was noted on it (that it was cancelled, that it waited for a release) is over.
  await job.updateProgress(replayMark(engine.clock.now(), job.finishedOn));
  await state.delete(CANCELS, name);
  await queue.addJobLog(id, replayedLine(engine.clock.now(), by));
  await job.retry(from, { resetAttemptsMade: true, resetAttemptsStarted: true });
  // Not before: a job that has ended would have it for good where this process is killed, and every other one with that key would come to nothing. Whoever
  // runs the job takes it then.
  await keyHolder(engine, queue.name, job);
}

/** Whether the engine said that the job had not ended any more. */
export function isPutBackRefusal(error: unknown): boolean {
  return error instanceof Error && /not in the (?:failed|completed) state/.test(error.message);
}
