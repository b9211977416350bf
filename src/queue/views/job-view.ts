import type { Engine, EngineJob } from '../../engine/index.ts';
import { parseJobId } from '../ids/job-id.ts';
import { readMeta } from '../meta/job-meta.ts';
import { readStoredJob } from './read-stored-job.ts';

export type JobState = 'waiting' | 'delayed' | 'running' | 'succeeded' | 'dead' | 'unknown';

/** A job as it stands, without its data. */
export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: JobState;
  readonly attemptsMade: number;
  readonly attempts: number;
  readonly correlationId: string;
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** Why the last attempt failed; sensitive values were removed before it was stored. */
  readonly lastError: string | undefined;
  /** One text an attempt, oldest first. */
  readonly errors: readonly string[];
}

const STATES: Readonly<Record<string, JobState>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  'waiting-children': 'waiting',
  delayed: 'delayed',
  active: 'running',
  completed: 'succeeded',
  failed: 'dead',
};

/**
 * The job of that id; undefined when none is known.
 * @throws UndecodableJobError when what is stored cannot be read
 */
export async function readJobView(engine: Engine, id: string): Promise<JobView | undefined> {
  const parts = parseJobId(id);
  if (parts === undefined) return undefined;
  const queue = await engine.queue(parts.queue);
  // Before the rest: a job that ends in between is shown as running, and not as ended without the attempt that ended it.
  const state = await queue.getJobState(id);
  const job = await readStoredJob(queue, id);
  return job === undefined ? undefined : viewOf(state, parts.queue, job);
}

function viewOf(state: string, queue: string, job: EngineJob): JobView {
  const id = job.id ?? '';
  return {
    id,
    name: job.name,
    queue,
    state: STATES[state] ?? 'unknown',
    attemptsMade: job.attemptsMade,
    // BullMQ says 0 where none were given.
    attempts: job.opts.attempts || 1,
    correlationId: readMeta(job.opts.telemetry?.metadata).correlationId ?? id,
    enqueuedAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: job.finishedOn,
    lastError: job.failedReason === '' ? undefined : job.failedReason,
    errors: job.stacktrace ?? [],
  };
}
