import type { Engine, GroupedOptions } from '../../engine/index.ts';
import { readMeta, traceIdOf } from '../meta/job-meta.ts';
import { shownJobId } from '../ids/job-id.ts';
import type { CheckedFind } from './check-find.ts';
import { isAsked, readEach, type LiveJobs } from './live-jobs.ts';
import { walkTogether } from './walk-unfinished.ts';

/** Jobs that are looked through: nothing leads from a trace or a cause to jobs that wait. */
const LOOKED_THROUGH = 10_000;

export function isTraceId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}

/** Whether a job's options say that it follows from the job of that id, or belongs to that trace. */
export function isAbout({ telemetry }: GroupedOptions, id: string): boolean {
  const { correlationId, causationId, traceparent } = readMeta(telemetry?.metadata);
  return isTraceId(id) ? traceIdOf(traceparent) === id : correlationId === id || causationId === id;
}

/** Jobs that wait or run and follow from a job, or belong to a trace: a few trips to each queue, all at one time, and what was found is read. */
export async function followingJobs(
  engine: Engine,
  queues: readonly string[],
  id: string,
  asked: CheckedFind,
): Promise<LiveJobs> {
  const ids = new Set<string>();
  let looked = 0;
  let beyond = false;
  // Most jobs have nothing to do with it: they are passed over in the engine, where the id is written as it is.
  const holds = /^[\w./-]+$/.test(id) ? id : undefined;
  for await (const part of walkTogether(engine, queues, ['delayed', 'waiting', 'running'], holds)) {
    for (const job of part.jobs) {
      if (isAbout(job.opts, id)) ids.add(shownJobId({ queue: job.queue, id: job.id }));
    }
    looked += part.looked;
    beyond = looked >= LOOKED_THROUGH || ids.size > asked.limit;
    if (beyond) break;
  }
  const found = await readEach(engine, [...ids].slice(0, asked.limit));
  return { jobs: found.filter(job => isAsked(job, asked)), next: undefined, beyond };
}
