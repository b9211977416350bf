import type { DeadLetters } from '../dead-letters/index.ts';
import type { BulkAction, BulkFilter } from './bulk-filter.ts';
import { letterFilter } from './bulk-filter.ts';
import { matchingUnfinished, type Where } from './matching-unfinished.ts';

/** What an action would be done to now. */
export interface BulkSample {
  readonly count: number;
  /** There may be more than were counted. */
  readonly more: boolean;
  /** Some of them. */
  readonly ids: readonly string[];
}

/** Jobs that are looked through: 40 trips; by tags, where each is read, fewer. */
const LOOKED_THROUGH = 20_000;
const READ = 500;
const SAMPLED = 5;

/** Counts up to a bound, and changes nothing. */
export async function sampleBulk(
  where: Where,
  letters: Pick<DeadLetters, 'sample'>,
  what: BulkAction,
  filter: BulkFilter,
): Promise<BulkSample> {
  const now = where.engine.clock.now();
  if (what === 'replay' || what === 'discard') return letters.sample(letterFilter(filter, Math.floor(now)));
  const isRead = filter.tags !== undefined || filter.waitsFor !== undefined;
  const ids = new Set<string>();
  const looked = { jobs: 0 };
  for await (const { id } of matchingUnfinished(where, what, filter, now, looked)) {
    ids.add(id);
    if (looked.jobs >= LOOKED_THROUGH || (isRead && ids.size >= READ)) return sampleOf(ids, true);
  }
  return sampleOf(ids, false);
}

function sampleOf(ids: ReadonlySet<string>, more: boolean): BulkSample {
  return { count: ids.size, more, ids: [...ids].slice(0, SAMPLED) };
}
