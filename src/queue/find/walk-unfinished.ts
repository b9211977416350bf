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
