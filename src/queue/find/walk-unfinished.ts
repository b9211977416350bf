import type { Engine, UnfinishedJob, UnfinishedState } from '../../engine/index.ts';

/** A job that has not ended, and where it is. */
export interface WalkedJob extends UnfinishedJob {
  readonly queue: string;
}

/** Jobs of one trip. */
const A_TRIP = 500;

/** All jobs of these queues that have not ended, a trip each 500: what changes its state meanwhile may be missed, or met twice. */
export async function* walkUnfinished(
  engine: Engine,
  queues: readonly string[],
  states: readonly UnfinishedState[],
): AsyncGenerator<readonly WalkedJob[]> {
  for (const queue of queues) {
    const turns = await engine.turns(queue);
    for (let from: string | undefined, more = true; more; more = from !== undefined) {
      const page = await turns.unfinished({ states, from, most: A_TRIP });
      yield page.jobs.map(job => ({ ...job, queue }));
      from = page.next;
    }
  }
}
