import type { Engine, UnfinishedJob, UnfinishedState } from '../../engine/index.ts';

/** A job that has not ended, and where it is. */
export interface WalkedJob extends UnfinishedJob {
  readonly queue: string;
}

/** Jobs of one trip. */
const A_TRIP = 500;

/** What one trip found, and how many jobs it has looked at. */
export interface WalkedPart {
  readonly jobs: readonly WalkedJob[];
  readonly looked: number;
}

/**
 * All jobs of these queues that have not ended, a trip each 500: what changes its state meanwhile may be missed, or met twice. `holds`: those alone in
 * whose stored options the text stands.
 */
export async function* walkUnfinished(
  engine: Engine,
  queues: readonly string[],
  states: readonly UnfinishedState[],
  holds?: string,
): AsyncGenerator<WalkedPart> {
  for (const queue of queues) {
    const turns = await engine.turns(queue);
    for (let from: string | undefined, more = true; more; more = from !== undefined) {
      const page = await turns.unfinished({ states, from, most: A_TRIP, holds });
      yield { jobs: page.jobs.map(job => ({ ...job, queue })), looked: page.looked };
      from = page.next;
    }
  }
}

/** Jobs of one trip to many queues: about so many in all. */
const A_TRIP_TO_ALL = 5_000;
const LEAST_OF_EACH = 20;

/** The same, of all queues at the same time: for whoever looks for a few among all of them, and ends once enough have been looked at. */
export async function* walkTogether(
  engine: Engine,
  queues: readonly string[],
  states: readonly UnfinishedState[],
  holds?: string,
): AsyncGenerator<WalkedPart> {
  const most = Math.min(A_TRIP, Math.max(LEAST_OF_EACH, Math.floor(A_TRIP_TO_ALL / queues.length)));
  let walks = await Promise.all(
    queues.map(async queue => ({ queue, turns: await engine.turns(queue), from: undefined as string | undefined })),
  );
  while (walks.length > 0) {
    const pages = await Promise.all(
      walks.map(async walk => ({
        ...walk,
        page: await walk.turns.unfinished({ states, from: walk.from, most, holds }),
      })),
    );
    yield {
      jobs: pages.flatMap(({ queue, page }) => page.jobs.map(job => ({ ...job, queue }))),
      looked: pages.reduce((sum, { page }) => sum + page.looked, 0),
    };
    walks = pages.flatMap(({ queue, turns, page }) =>
      page.next === undefined ? [] : [{ queue, turns, from: page.next }],
    );
  }
}
