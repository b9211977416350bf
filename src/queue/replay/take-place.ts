import type { Engine, EngineJob, EngineQueue } from '../../engine/index.ts';
import { partId } from '../ids/job-id.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import { isReplayedLine, replayedLine } from './replayed-line.ts';

const HISTORY_KEPT = 50;

/**
 * The id of the job that a replay with other data makes of one that has ended: made of that end, so that whoever repeats what was done by half goes on
 * with it, and so that an end is replayed once.
 */
export function successorOf(queue: string, job: Pick<EngineJob, 'finishedOn' | 'timestamp'>, id: string): string {
  return partId(queue, job.finishedOn ?? job.timestamp, id, `replay ${job.finishedOn}`);
}

/** A job that was made of another one. */
export interface Successor {
  readonly queue: string;
  readonly id: string;
  /** The id, in that queue, of the one that has ended. */
  readonly of: string;
  /** Who has asked for it. */
  readonly by: string;
  readonly batchId: string | undefined;
}

/**
 * A job that was made of another one, with other data, is what that was: the member of its batch, with its history, and the other one is no dead letter
 * any more. Each step may be repeated. `too-late`: the other one runs again, or did since, so that this one is not to run. Whoever makes the job does it before the job begins; where that process was killed in between, whoever runs the
 * job does it first, so that none runs beside the one that it replaces.
 */
export async function takePlace(
  engine: Pick<Engine, 'batches' | 'queue'>,
  { queue: name, id, of, by, batchId }: Successor,
  now: number,
): Promise<'taken' | 'too-late'> {
  const queue = await engine.queue(name);
  const before = await readStoredJob(queue, of);
  const has = await linesOf(queue, id);
  const isLate = before !== undefined && successorOf(name, before, of) !== id;
  // It had its place, and the other one, which had succeeded and stayed, was replayed anew.
  if (isLate && has.some(line => isReplayedLine(line, of))) return 'taken';
  // Its maker stood still for so long that somebody else has put the other one back: that is the job, and this one is one too many.
  if (isLate) return 'too-late';
  if (batchId !== undefined) await (await engine.batches()).replaceMember(batchId, of, id, Math.floor(now));
  if (before === undefined) return 'taken';
  const history = (await linesOf(queue, of)).slice(-HISTORY_KEPT);
  // Whoever was cut off goes on with the next line; what its own runs have said comes behind all of it.
  if (has.length <= history.length && has.every((line, index) => line === history[index])) {
    for (const line of history.slice(has.length)) await queue.addJobLog(id, line);
    await queue.addJobLog(id, replayedLine(now, by, of));
  }
  if ((await queue.getJobState(of)) === 'failed') await queue.remove(of);
  return 'taken';
}

async function linesOf(queue: EngineQueue, id: string): Promise<readonly string[]> {
  const { logs }: { readonly logs: unknown } = await queue.getJobLogs(id);
  return Array.isArray(logs) ? logs.map(String) : [];
}
