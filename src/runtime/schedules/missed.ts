import type { MissedPolicy } from '../../contracts/index.ts';

/** A slot that is later than this was missed: nobody was there for it. */
const MISSED_AFTER_MS = 60_000;

export interface Wanted {
  /** Those that become jobs. */
  readonly slots: readonly number[];
  /** How many are more than a minute late, or become none. */
  readonly missed: number;
}

/**
 * Which of the slots that are due become jobs, oldest first. `readySince`: since when this scheduler has been able to enqueue, or to see that
 * another one leads. What came due since then, while the lead changed hands, was not missed.
 *
 * `once` makes exactly one where any was missed: the latest of all that are due. `skip` leaves out those that are more than a minute late and came due
 * while nobody was there: one that waited behind thousands of others was not missed.
 */
export function wantedOf(policy: MissedPolicy, due: readonly number[], now: number, readySince: number): Wanted {
  const late = due.filter(slot => slot < now - MISSED_AFTER_MS).length;
  switch (policy) {
    case 'all':
      return { slots: due, missed: late };
    case 'skip': {
      const slots = due.filter(slot => slot >= Math.min(readySince, now - MISSED_AFTER_MS));
      return { slots, missed: due.length - slots.length };
    }
    case 'once': {
      const isMissed = due.some(slot => slot < Math.max(readySince, now - MISSED_AFTER_MS));
      const slots = isMissed ? due.slice(-1) : due;
      return { slots, missed: Math.max(late, due.length - slots.length) };
    }
  }
}
