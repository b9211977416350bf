import { describe, expect, test } from 'vitest';
import { CLOSED, type BreakerState } from '../../resilience/index.ts';
import { stateIn, storedForm } from './destination-state.ts';

const flat = { failures: [], until: 0, openings: 0, successes: 0, changedAt: 7 };
const phases: readonly BreakerState[] = [
  { phase: 'closed', failures: [3, 5], changedAt: 1 },
  { phase: 'open', until: 900, openings: 2, changedAt: 7 },
  { phase: 'probing', openings: 2, successes: 1, changedAt: 7 },
];

describe('what hosts of two releases share about a destination', () => {
  test.each(phases)('$phase comes back as it was stored', breaker => {
    const state = { breaker, quietUntil: 20 };
    expect(stateIn(JSON.parse(JSON.stringify(storedForm(state))))).toEqual(state);
  });

  test.each(phases)('$phase is stored with every field that a host of 0.1 counts on', breaker => {
    expect(Object.keys(storedForm({ breaker, quietUntil: 0 }).breaker).toSorted()).toEqual(
      ['phase', ...Object.keys(flat)].toSorted(),
    );
  });

  test('what a host of 0.1 has stored is read by its phase', () => {
    expect(stateIn({ breaker: { ...flat, phase: 'open', until: 900, openings: 1 }, quietUntil: 0 }).breaker).toEqual({
      phase: 'open',
      until: 900,
      openings: 1,
      changedAt: 7,
    });
    const probing = { ...flat, phase: 'probing', until: 900, openings: 1, successes: 2 };
    expect(stateIn({ breaker: probing, quietUntil: 0 }).breaker).toEqual({
      phase: 'probing',
      openings: 1,
      successes: 2,
      changedAt: 7,
    });
  });

  test.each([
    undefined,
    null,
    'open',
    {},
    { breaker: null, quietUntil: 0 },
    { breaker: { phase: 'torn' }, quietUntil: 9 },
  ])('%j, a shape that is not known, holds nothing back', value => {
    expect(stateIn(value)).toEqual({ breaker: CLOSED, quietUntil: 0 });
  });
});
