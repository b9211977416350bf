import { describe, expect, test } from 'vitest';
import { emptyCounts, openJournal, readSeries, type JournalStore } from '../../src/journal/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { namespace } from '../../tests/support/engines.ts';
import { historyCharts, historyTables, rangeIn } from './history-view.ts';
import { niceTop } from './chart.ts';

const NOW = Date.UTC(2026, 10, 29, 12, 0, 30);
const MINUTE = 60_000;

async function journalOf(): Promise<JournalStore> {
  return openJournal(openEngine({ url: `memory://${namespace()}`, role: 'producer' }));
}

describe('history', () => {
  test('a slow quarter of an hour of yesterday stands in the chart, the table, and leads to its runs', async () => {
    const store = await journalOf();
    const slow = NOW - 20 * 3_600_000;
    const counts = { ...emptyCounts('welcome', 'email'), succeeded: 30, dead: 2, waited: { 40: 32 }, ran: { 9: 32 } };
    await store.append({
      now: slow,
      writer: 'a',
      frames: [],
      counts: [counts],
      marks: [{ kind: 'deploy', at: slow, text: 'Release r7' }],
      depths: [],
    });
    const series = await readSeries(store, '24h', NOW);
    const point = series.points.find(({ succeeded }) => succeeded > 0);
    expect(point).toMatchObject({ at: Date.UTC(2026, 10, 28, 16), succeeded: 30, dead: 2 });
    const options = { base: '/ops', path: '/', range: '24h' as const, series };
    const { markup } = historyCharts(options);
    expect(markup).toContain('Release r7');
    expect(markup).toContain('/ops/jobs?since=2026-11-28T16%3A00Z&amp;until=2026-11-28T16%3A15Z');
    expect(markup).toContain('aria-hidden="true"');
    expect(historyTables(options)?.markup).toMatch(/11-28 16:00[^]*>30<[^]*>2</);
  });

  test('what has come follows from what has ended and how much more is there', async () => {
    const store = await journalOf();
    const at = Math.floor(NOW / MINUTE) * MINUTE - 10 * MINUTE;
    const depth = (when: number, unfinished: number) => ({
      at: when,
      queue: 'email',
      unfinished,
      waiting: 0,
      held: 0,
      oldestDueMs: undefined,
    });
    const counts = { ...emptyCounts('welcome', 'email'), succeeded: 30 };
    await store.append({
      now: at + 1,
      writer: 'a',
      frames: [],
      counts: [counts],
      marks: [],
      depths: [depth(at, 5), depth(at + MINUTE, 12)],
    });
    const { points } = await readSeries(store, '1h', NOW);
    expect(points.find(point => point.at === at)?.came).toBe(37);
    expect(points.find(point => point.at === at + MINUTE)?.came).toBeUndefined();
  });

  test('a journal that cannot be read is said so; an unknown range is the first', () => {
    const options = { base: '', path: '/', range: rangeIn('a year'), series: undefined };
    expect(options.range).toBe('1h');
    expect(historyCharts(options).markup).toContain('cannot be read');
  });

  test.each([
    [0, 1],
    [3, 5],
    [5, 5],
    [11, 20],
    [0.3, 0.5],
  ])('an axis for %d ends at %d', (most, top) => expect(niceTop(most)).toBeCloseTo(top));
});
