import type { App } from '../contracts/index.ts';
import type { Engine, JobPlace } from '../engine/index.ts';
import {
  isAbout,
  readJobView,
  readStoredJob,
  recentQueueNames,
  shownJobId,
  UndecodableJobError,
  walkUnfinished,
  type JobView,
} from '../queue/index.ts';
import { statesOf, type BulkAction, type BulkFilter } from './bulk-filter.ts';

/** A job that has not ended and that matches, as it was met. */
export interface Match {
  /** As people name it. */
  readonly id: string;
}

/** Where jobs are looked for: in every queue that the app names, and that is there. */
export interface Where {
  readonly engine: Engine;
  readonly app: Pick<App, 'queues'>;
}

/** How many jobs a walk may still look at, and how many of them it may read: it counts down, and ends where nothing is left of one. */
export interface Bound {
  jobs: number;
  reads: number;
}

export function isSpent({ jobs, reads }: Bound): boolean {
  return jobs <= 0 || reads <= 0;
}

const TAGGED_AT_ONCE = 200;

/**
 * Jobs that have not ended and that match, those alone that were enqueued before: by their tags where there are any, else by a walk of a trip each 500
 * jobs. A job is read where its tags, or why it waits, are asked for.
 */
export async function* matchingUnfinished(
  { engine, app }: Where,
  what: BulkAction,
  filter: BulkFilter,
  before: number,
  bound: Bound,
): AsyncGenerator<Match> {
  const { queue, tags, id, waitsFor } = filter;
  // Also what a release has left behind, and what is so new that nobody has looked for it.
  const all = async (): Promise<readonly string[]> => [
    ...new Set([...app.queues.keys(), ...(await recentQueueNames(engine))]),
  ];
  const queues = queue === undefined ? await all() : [queue];
  if (tags !== undefined) {
    yield* matchingTagged(engine, queues, what, filter, before, bound);
    return;
  }
  for await (const { jobs } of walkUnfinished(engine, queues, statesOf(what, filter))) {
    for (const job of jobs) {
      const own = shownJobId({ queue: job.queue, id: job.id });
      if (filter.contract !== undefined && job.name !== filter.contract) continue;
      if (!isInTime(job.timestamp, filter, before)) continue;
      if (id !== undefined && own !== id && !isAbout(job.opts, id)) continue;
      if (waitsFor !== undefined) {
        if (isSpent(bound)) return;
        bound.reads -= 1;
        if ((await readView(engine, own))?.waitsFor?.for !== waitsFor) continue;
      }
      yield { id: own };
    }
    bound.jobs -= jobs.length;
    if (isSpent(bound)) return;
  }
}

async function* matchingTagged(
  engine: Engine,
  queues: readonly string[],
  what: BulkAction,
  filter: BulkFilter,
  before: number,
  bound: Bound,
): AsyncGenerator<Match> {
  const { tags = [], contract: name, waitsFor, id } = filter;
  const states: readonly string[] = statesOf(what, filter);
  const seen = new Set<string>();
  for (const queue of queues) {
    const turns = await engine.turns(queue);
    for (const form of [0, 1].filter(each => each < (tags[0]?.digests.length ?? 0))) {
      const digests = [...new Set(tags.map(tag => tag.digests[form] ?? ''))];
      for (let behind: string | undefined, more = true; more; more = behind !== undefined) {
        const page = await turns.tagged({ digests, name, most: TAGGED_AT_ONCE, before: behind });
        for (const each of page.ids) {
          const own = shownJobId({ queue, id: each });
          if (seen.has(own)) continue;
          seen.add(own);
          if (isSpent(bound)) return;
          bound.reads -= 1;
          const view = await readView(engine, own);
          if (view === undefined || !states.includes(view.state)) continue;
          if (!isInTime(view.enqueuedAt, filter, before)) continue;
          if (waitsFor !== undefined && view.waitsFor?.for !== waitsFor) continue;
          if (id !== undefined && own !== id && !(await isOf(engine, { queue, id: each }, id))) continue;
          yield { id: own };
        }
        behind = page.next;
        // Also a page of which nothing carries all tags has cost its trip.
        if (behind !== undefined) bound.jobs -= TAGGED_AT_ONCE;
        if (isSpent(bound)) return;
      }
    }
  }
}

function isInTime(at: number, { since, until }: BulkFilter, before: number): boolean {
  return at < before && (since === undefined || at >= since) && (until === undefined || at < until);
}

/** Whether it follows from that job, or belongs to that trace. */
async function isOf(engine: Engine, place: JobPlace, id: string): Promise<boolean> {
  const job = await readStoredJob(await engine.queue(place.queue), place.id);
  return job !== undefined && isAbout(job.opts, id);
}

/** One that cannot be read says nothing. */
async function readView(engine: Engine, id: string): Promise<JobView | undefined> {
  return readJobView(engine, id).catch((error: unknown) => {
    if (error instanceof UndecodableJobError) return undefined;
    throw error;
  });
}
