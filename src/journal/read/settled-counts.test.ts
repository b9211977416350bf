import { expect, test } from 'vitest';
import { emptyCounts } from '../record/contract-counts.ts';
import { HOUR, MINUTE, type JournalBatch } from '../stores/journal-store.ts';
import { MemoryJournalStore } from '../stores/memory-store.ts';
import { readSeries } from './read-series.ts';
import { SettledCounts } from './settled-counts.ts';

const START = Date.UTC(2026, 0, 1);
const BATCH: Omit<JournalBatch, 'now'> = { writer: 'w', frames: [], counts: [], marks: [], depths: [] };

/** A store, what of it was asked for, and both ways to read it. */
function setup() {
  const store = new MemoryJournalStore({ failed: 1, succeeded: 1 });
  const asked: number[] = [];
  const counts = store.counts.bind(store);
  store.counts = (by, span, names) => {
    asked.push((span.to + 1 - span.from) / (by === 'minute' ? MINUTE : HOUR));
    return counts(by, span, names);
  };
  let now = START;
  const settled = new SettledCounts(
    async () => store,
    () => now,
  );
  const end = async (at: number, succeeded: number): Promise<void> => {
    const depths = [{ at: Math.floor(at / MINUTE) * MINUTE, queue: 'q', unfinished: succeeded, waiting: 0, held: 0 }];
    await store.append({
      ...BATCH,
      now: at,
      counts: [{ ...emptyCounts('job', 'q'), succeeded }],
      depths: depths.map(each => ({ ...each, oldestDueMs: undefined })),
    });
  };
  return { store, asked, settled, end, at: (time: number) => (now = time) };
}

test.each(['1h', '24h', '7d'] as const)(
  'looks over %s that follow each other say what the store says, and read of it what has not settled',
  async range => {
    const { store, asked, settled, end, at } = setup();
    for (let minute = -3_000; minute < 0; minute += 7) await end(START + minute * MINUTE, 3);
    for (let minute = 0; minute < 130; minute += 5) {
      const now = at(START + minute * MINUTE + 1_000);
      await end(now, minute + 1);
      asked.length = 0;
      const fresh = await readSeries(settled, range, now);
      const read = asked.reduce((sum, each) => sum + each, 0);
      expect(fresh).toEqual(await readSeries(store, range, now));
      expect(read).toBeLessThan(minute === 0 ? Infinity : 25);
      // What is handed over late is counted in the minute in which it is.
      await end(now + 20_000, 1);
      expect(await readSeries(settled, range, now + 30_000)).toEqual(await readSeries(store, range, now + 30_000));
    }
  },
);

test('names that are asked for later are read from the beginning, and a store that fails is asked again', async () => {
  const { store, settled, end, at } = setup();
  const now = at(START + 10 * MINUTE);
  await end(START, 2);
  const span = { from: START - HOUR, to: START + 10 * MINUTE - 1 };
  expect(await settled.counts('minute', span, ['/'])).toHaveLength(1);
  expect(await settled.counts('minute', span, ['/', 'job'])).toHaveLength(2);
  const { counts } = store;
  store.counts = () => Promise.reject(new Error('away'));
  at(now + 10 * MINUTE);
  const later = { from: span.from + 10 * MINUTE, to: span.to + 10 * MINUTE };
  await expect(settled.counts('minute', later, ['job'])).rejects.toThrow('away');
  store.counts = counts;
  await end(now + 5 * MINUTE, 4);
  expect((await settled.counts('minute', later, ['job'])).map(({ succeeded }) => succeeded)).toEqual([2, 4]);
});
