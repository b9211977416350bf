import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { MUTANTS, mutated } from './mutants.ts';
import { openPair, type OpenPair } from './open-pair.ts';
import { runHistory } from './run-history.ts';
import { survivors } from './run-mutants.ts';

/** A smoke form: `npm run test:twins` runs many more histories, and every mutant. */
describe('twin histories: our statements, many jobs a trip, and BullMQ’s functions, one job at a time', () => {
  let pair: OpenPair;

  beforeAll(async () => {
    pair = await openPair(inject('postgresUrl'));
  });
  afterAll(async () => {
    await pair.close();
  });

  test('leave the same rows', async () => {
    for (const seed of [1, 2]) expect(await runHistory(pair, seed, 60, seed === 2)).toBe(undefined);
  });

  test('tell statements that leave something out from BullMQ’s', async () => {
    const some = MUTANTS.filter(({ name }) => /^(any token will do|keys stay)$/.test(name));
    expect(some).toHaveLength(2);
    expect(await survivors(pair, { seeds: 6, steps: 60, only: some })).toEqual([]);
  });

  test('every mutant still finds what it changes', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
    for (const mutant of MUTANTS) expect(() => mutated(mutant)).not.toThrow();
  });
});
