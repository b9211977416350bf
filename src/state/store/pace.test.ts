import { describe, expect, test } from 'vitest';
import { paceOf } from './state-store.ts';

describe('paceOf', () => {
  test.each([1, 2, 9, 10, 100, 1_000])('lets at most %i through in any stretch', max => {
    const perMs = 1_000;
    const { intervalMs, toleranceMs } = paceOf({ max, perMs });
    // Everybody asks all the time: the moments at which one is let through.
    const turns: number[] = [];
    let arrival = 0;
    for (let index = 0; index < max * 5; index += 1) {
      turns.push(Math.max(0, arrival - toleranceMs));
      arrival += intervalMs;
    }
    const most = Math.max(
      ...turns.map(from => turns.filter(turn => turn >= from && turn < from + perMs - 1e-6).length),
    );
    expect(most).toBeLessThanOrEqual(max);
    expect(perMs / intervalMs / max).toBeGreaterThanOrEqual(0.9);
  });
});
