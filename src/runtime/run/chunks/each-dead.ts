import { itemsIn, type AnyJobContract } from '../../../contracts/index.ts';
import { hasCode } from '../../../errors/index.ts';
import type { Outcome } from '../outcome.ts';

/**
 * A chunk whose run has failed for good, as a whole: each of its items is dead alone, so that each can be looked at, replayed and discarded alone.
 * Where the handler did not say what became of each item the chunk stays one letter: it is the handler that has to be corrected, and then all of it
 * runs again.
 */
export function eachDead({ chunk }: AnyJobContract, data: unknown, outcome: Outcome): Outcome {
  if (chunk === undefined || outcome.kind !== 'dead' || hasCode(outcome.error, 'ANSWERS_INVALID')) return outcome;
  const items = itemsIn(data);
  // One that travelled alone is its own letter.
  if (items.length < 2) return outcome;
  const { reason, error } = outcome;
  return { kind: 'divided', done: 0, retry: undefined, dead: items.map((_, item) => ({ item, reason, error })) };
}
