import type { App } from '../contracts/index.ts';
import type { Engine } from '../engine/index.ts';
import {
  isAbout,
  readJobView,
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

/** What a walk has looked at, for whoever bounds it. */
export interface Looked {
  jobs: number;
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
  looked: Looked,
): AsyncGenerator<Match> {
  const { queue, tags, id, waitsFor } = filter;
  // Also what a release has left behind, and what is so new that nobody has looked for it.
  const all = async (): Promise<readonly string[]> => [
    ...new Set([...app.queues.keys(), ...(await recentQueueNames(engine))]),
  ];
  const queues = queue === undefined ? await all() : [queue];
  if (tags !== undefined) {
    yield* matchingTagged(engine, queues, what, filter, before, looked);
    return;
  }
  for await (const jobs of walkUnfinished(engine, queues, statesOf(what, filter))) {
    for (const job of jobs) {
      const own = shownJobId({ queue: job.queue, id: job.id });
      if (filter.contract !== undefined && job.name !== filter.contract) continue;
      if (!isInTime(job.timestamp, filter, before)) continue;
      if (id !== undefined && own !== id && !isAbout(job.opts, id)) continue;
      if (waitsFor !== undefined && (await readView(engine, own))?.waitsFor?.for !== waitsFor) continue;
      yield { id: own };
    }
    looked.jobs += jobs.length;
  }
}

async function* matchingTagged(
  engine: Engine,
  queues: readonly string[],
  what: BulkAction,
  filter: BulkFilter,
  before: number,
  looked: Looked,
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
          looked.jobs += 1;
          const view = await readView(engine, own);
          if (view === undefined || !states.includes(view.state)) continue;
          if (!isInTime(view.enqueuedAt, filter, before)) continue;
          if (waitsFor !== undefined && view.waitsFor?.for !== waitsFor) continue;
          if (id !== undefined && own !== id && view.correlationId !== id) continue;
          yield { id: own };
        }
        behind = page.next;
      }
    }
  }
}

function isInTime(at: number, { since, until }: BulkFilter, before: number): boolean {
  return at < before && (since === undefined || at >= since) && (until === undefined || at < until);
}

/** One that cannot be read says nothing. */
async function readView(engine: Engine, id: string): Promise<JobView | undefined> {
  return readJobView(engine, id).catch((error: unknown) => {
    if (error instanceof UndecodableJobError) return undefined;
    throw error;
  });
}
