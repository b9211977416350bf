import type { Engine, EngineJob } from '../../engine/index.ts';
import { cancelMarkOf } from '../cancel/cancel-job.ts';
import { shownJobId } from '../ids/job-id.ts';

/** A job that a worker has begun and not ended. */
export interface RunningJobView {
  /** `QUEUE/ID` for a job of another program. */
  readonly id: string;
  /** Undefined where the job cannot be read. */
  readonly name: string | undefined;
  readonly queue: string;
  /** 1 for the first attempt. */
  readonly attempt: number | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number | undefined;
  readonly worker: string | undefined;
  /** Somebody has asked to cancel it. */
  readonly cancelled: boolean;
}

/** What runs now, longest first; at most `limit` of each queue. */
export async function readRunningJobs(
  engine: Engine,
  queues: Iterable<string>,
  limit: number,
): Promise<readonly RunningJobView[]> {
  const found = await Promise.all(
    [...queues].map(async name => {
      const queue = await engine.queue(name);
      const ids = await queue.getRanges(['active'], 0, limit - 1, true);
      return Promise.all(ids.map(async id => viewOf(name, id, await queue.getJob(id).catch(() => undefined))));
    }),
  );
  return found.flat().toSorted((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
}

/** One that has ended since it was listed, or whose data is broken, still has its line. */
function viewOf(queue: string, id: string, job: EngineJob | undefined): RunningJobView {
  return {
    id: shownJobId({ queue, id }),
    queue,
    name: job?.name,
    attempt: job === undefined ? undefined : job.attemptsMade + 1,
    startedAt: job?.processedOn,
    worker: job?.processedBy,
    cancelled: cancelMarkOf(job?.progress) !== undefined,
  };
}
