import { storedKeyOf, type Engine, type EngineJob, type EngineQueue } from '../../engine/index.ts';
import type { StateStore } from '../../state/index.ts';
import { CANCELS } from '../cancel/cancel-job.ts';
import { replayMark } from '../views/due-at.ts';
import { replayedLine } from './replayed-line.ts';

/** What is held against a job whose processes ended, by its id. */
export const BLAME = 'blame';

/** Takes the job's key for it, before it waits again. Answers the job that has it meanwhile, if another one has. */
export async function keyHolder(engine: Engine, queue: string, job: EngineJob): Promise<string | undefined> {
  const key = storedKeyOf(job.opts);
  if (key === undefined || job.id === undefined) return undefined;
  const holder = await (await engine.turns(queue)).holdKey(job.id, { id: key.id });
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
  await state.delete(BLAME, id);
  // What was noted on it (that it was cancelled, that it waited for a release) is over.
  await job.updateProgress(replayMark(engine.clock.now()));
  await state.delete(CANCELS, id);
  await queue.addJobLog(id, replayedLine(engine.clock.now(), by));
  await job.retry(from, { resetAttemptsMade: true, resetAttemptsStarted: true });
}

/** Whether the engine said that the job had not ended any more. */
export function isPutBackRefusal(error: unknown): boolean {
  return error instanceof Error && /not in the (?:failed|completed) state/.test(error.message);
}
