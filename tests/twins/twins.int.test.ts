import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { damage } from './damage.ts';
import { MUTANTS, mutated } from './mutants.ts';
import { openPair } from './open-pair.ts';
import { runOwnPieces } from './own-pieces.ts';
import { runHistory } from './run-history.ts';
import { survivors } from './run-mutants.ts';
import { runSetPieces } from './set-pieces.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis({ config: { appendonly: 'no' } });
});
afterAll(async () => {
  await server.stop();
});

/** A smoke form: `npm run test:twins` runs a thousand histories, and every mutant. */
describe('twin histories: our scripts, many jobs a trip, and those of BullMQ, one job at a time', () => {
  test('leave the same keys', async () => {
    const pair = await openPair(server.url);
    try {
      // In 11 a job comes again that is gone, and whose key stands; in 197 retention releases a parent when nothing else is left.
      for (const seed of [1, 2, 3, 4, 5, 6, 197]) expect(await runHistory(pair, seed, 60)).toBe(undefined);
      expect(await runHistory(pair, 11, 70)).toBe(undefined);
      // A parent that has ended before is released, runs, and is snoozed while what ends beside it removes it.
      expect(await runHistory(pair, 5101, 60)).toBe(undefined);
      expect(await runHistory(pair, 1, 60, true)).toBe(undefined);
      expect(await runSetPieces(pair)).toBe(undefined);
    } finally {
      await pair.close();
    }
  });

  test('tell scripts that leave something out from BullMQ’s', async () => {
    const some = MUTANTS.filter(({ name }) => /^(locks stay|any token will do|adds are done twice)$/.test(name));
    expect(some).toHaveLength(3);
    expect(await survivors(server.url, { seeds: 10, steps: 60, only: some })).toEqual([]);
  });

  test('every mutant still finds what it changes', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
    for (const mutant of MUTANTS) expect(() => mutated(mutant)).not.toThrow();
  });
});

test('what BullMQ has nothing like answers as it is to', async () => {
  const pair = await openPair(server.url);
  try {
    expect(await runOwnPieces(pair)).toBe(undefined);
    const reached = await pair.reached();
    const branches = [
      'turn key-held',
      'turn key-stands',
      'turn regrouped',
      'turn grouped',
      'add last-moves',
      'add parked-urgent',
    ];
    expect(branches.filter(branch => (reached.get(branch) ?? 0) === 0)).toEqual([]);
  } finally {
    await pair.close();
  }
});

test('a damaged one among sound ones takes none of them along', async () => {
  const pair = await openPair(server.url);
  try {
    const { settled, added, taken } = await damage(pair);
    expect(settled).toMatchObject({ settled: ['settled', 'refused', 'settled'] });
    expect(added).toEqual(['d', 'refused', 'f']);
    // The damaged one is no job, and has left the queue.
    expect(taken).toMatchObject({ jobs: [{ id: 'f' }], rest: { kind: 'none' } });
  } finally {
    await pair.close();
  }
});
