import type { DeadLetters } from '../dead-letters/index.ts';
import type { BulkAction, BulkFilter } from './bulk-filter.ts';
import { letterFilter } from './bulk-filter.ts';
import { isSpent, matchingUnfinished, type Where } from './matching-unfinished.ts';

/** What an action would be done to now. */
export interface BulkSample {
  readonly count: number;
  /** There may be more than were counted: not all were looked at. */
  readonly more: boolean;
  /** Some of them. */
  readonly ids: readonly string[];
}

/** Jobs that are looked through: 40 trips; fewer where each has to be read. */
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
  const ids = new Set<string>();
  const bound = { jobs: LOOKED_THROUGH, reads: READ };
  for await (const { id } of matchingUnfinished(where, what, filter, now, bound)) ids.add(id);
  return { count: ids.size, more: isSpent(bound), ids: [...ids].slice(0, SAMPLED) };
}
