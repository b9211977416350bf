import { expect, test } from 'vitest';
import { REDIS_BOUNDS } from '../open-journal.ts';
import type { Chunk, JournalStore } from '../stores/journal-store.ts';
import { MemoryJournalStore } from '../stores/memory-store.ts';
import { findRuns } from './find-runs.ts';

/** A journal of a thousand chunks in which nobody finds anything; says how many chunks each trip has read. */
class Barren extends MemoryJournalStore {
  readonly trips: number[] = [];

  override async list(...[, { to }, most]: Parameters<JournalStore['list']>): Promise<readonly number[]> {
    return Array.from({ length: 1_000 }, (_, n) => 1_000 - n)
      .filter(id => id <= to)
      .slice(0, most);
  }

  override async read(...[, ids]: Parameters<JournalStore['read']>): Promise<readonly Chunk[]> {
    this.trips.push(ids.length);
    return ids.map(id => ({ id, text: '' }));
  }
}

test('a search that finds little takes longer and longer steps, stops after a bounded part of the journal, and goes on there', async () => {
  const store = new Barren(REDIS_BOUNDS);
  const query = { queue: 'email', outcomes: ['dead'] } as const;
  const first = await findRuns(store, query, { limit: 50 });
  expect(store.trips).toEqual([16, 32, 64, 64, 64, 64, 64, 16]);
  expect(first).toMatchObject({ runs: [], lookedBackTo: 1_000 - 384 });
  store.trips.length = 0;
  const second = await findRuns(store, query, { limit: 50, cursor: first.next });
  expect(store.trips.reduce((sum, each) => sum + each)).toBe(384);
  expect(second.lookedBackTo).toBe(1_000 - 2 * 384);
  const last = await findRuns(store, query, { limit: 50, cursor: second.next });
  expect(last).toEqual({ runs: [], next: undefined, lookedBackTo: undefined });
});

test('whoever else the process answers comes between the chunks that a search looks through', async () => {
  let [turns, searches] = [0, true];
  const count = (): void => {
    turns += 1;
    if (searches) setImmediate(count);
  };
  setImmediate(count);
  await findRuns(new Barren(REDIS_BOUNDS), { queue: 'email', outcomes: ['dead'] }, { limit: 50 });
  searches = false;
  expect(turns).toBeGreaterThan(300);
});
