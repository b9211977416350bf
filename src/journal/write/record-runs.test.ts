import { describe, expect, test, vi } from 'vitest';
import { Facts } from '../../facts/index.ts';
import { findRuns } from '../read/find-runs.ts';
import { ALL_COUNTS } from '../record/contract-counts.ts';
import type { JournalStore } from '../stores/journal-store.ts';
import { MemoryJournalStore } from '../stores/memory-store.ts';
import { JournalWriter } from './journal-writer.ts';
import { recordRuns } from './record-runs.ts';

const NOW = Date.UTC(2026, 10, 29, 12);
const BOUNDS = { failed: 1_000_000, succeeded: 1_000_000 };
const run = {
  jobId: 'email-1',
  jobName: 'welcome',
  queue: 'email',
  correlationId: 'email-1',
  attempt: 1,
  worker: 'host/1',
};
const success = { ...run, waitedMs: 5, ranMs: 7 };

function setup(open?: () => Promise<JournalStore>, onDropped: (runs: number) => void = () => undefined) {
  const facts = new Facts();
  const store = new MemoryJournalStore(BOUNDS);
  const now = (): number => NOW;
  const writer = new JournalWriter({
    worker: 'host/1',
    host: 'host',
    release: 'r1',
    store: open ?? (async () => store),
    succeededBytes: BOUNDS.succeeded,
    now,
    onDropped,
    everyMs: 3_600_000,
  });
  const stop = recordRuns(facts, { writer, now, causeOf: ({ error, message }) => `${error} ${message}` });
  return { facts, store, writer, stop };
}

describe('the journal of a process', () => {
  test('writes what runs came to, and counts them', async () => {
    const { facts, store, writer } = setup();
    facts.emit('job.succeeded', { ...success, tags: [{ name: 'user', digest: 'd1' }] });
    facts.emit('job.retried', { ...success, jobId: 'email-2', retryInMs: 9, error: new RangeError('too far\nand on') });
    facts.emit('job.dead', { ...success, jobId: 'email-3', reason: 'expired', error: new Error('late') });
    facts.emit('job.cancelled', { ...run, jobId: 'email-4', reason: 'not wanted' });
    await writer.flush();
    const { runs } = await findRuns(store, {}, { limit: 9 });
    expect(runs.map(({ jobId, outcome, message }) => [jobId, outcome, message]).toSorted()).toEqual([
      ['email-1', 'succeeded', undefined],
      ['email-2', 'retried', 'too far'],
      ['email-3', 'expired', 'late'],
      ['email-4', 'cancelled', 'not wanted'],
    ]);
    const [counts] = await store.counts('minute', { from: NOW - 60_000, to: NOW }, [ALL_COUNTS]);
    expect(counts).toMatchObject({ succeeded: 1, retried: 1, expired: 1, cancelled: 1, kept: 1, ranMs: 21 });
  });

  test('a store that fails is tried once more, then what it was to take is dropped and counted', async () => {
    const append = vi.fn<JournalStore['append']>().mockRejectedValue(new Error('away'));
    const dropped: number[] = [];
    const { facts, store, writer } = setup(
      async () => Object.assign(new MemoryJournalStore(BOUNDS), { append }),
      runs => void dropped.push(runs),
    );
    facts.emit('job.dead', { ...success, reason: 'permanent', error: new Error('no') });
    await writer.flush();
    expect(dropped).toEqual([]);
    await writer.flush();
    expect(dropped).toEqual([1]);
    append.mockImplementation(batch => store.append(batch));
    facts.emit('job.dead', { ...success, jobId: 'email-9', reason: 'permanent', error: new Error('no') });
    await writer.flush();
    expect((await findRuns(store, {}, { limit: 9 })).runs).toMatchObject([{ jobId: 'email-9' }]);
  });

  test('a store that is away is waited for: nothing of a minute is dropped, and what was counted meanwhile is counted', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const away = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      const append = vi.fn<JournalStore['append']>().mockRejectedValue(away);
      const dropped: number[] = [];
      const { facts, store, writer } = setup(
        async () => Object.assign(new MemoryJournalStore(BOUNDS), { append }),
        runs => void dropped.push(runs),
      );
      const dies = (jobId: string): void =>
        facts.emit('job.dead', { ...success, jobId, reason: 'permanent', error: new Error('no') });
      dies('email-1');
      for (let second = 0; second < 59; second += 1) {
        await writer.flush();
        vi.advanceTimersByTime(1_000);
      }
      dies('email-2');
      append.mockImplementation(batch => store.append(batch));
      await writer.flush();
      expect(dropped).toEqual([]);
      const { runs } = await findRuns(store, {}, { limit: 9 });
      expect(runs.map(({ jobId }) => jobId).toSorted()).toEqual(['email-1', 'email-2']);
      // Of the first nobody knows whether its count was written.
      const [counts] = await store.counts('minute', { from: NOW - 60_000, to: NOW }, [ALL_COUNTS]);
      expect(counts).toMatchObject({ dead: 1 });
      append.mockRejectedValue(away);
      dies('email-3');
      await writer.flush();
      vi.advanceTimersByTime(60_000);
      await writer.flush();
      expect(dropped).toEqual([1]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a store that is away is not asked again with each run, however many wait', async () => {
    const append = vi
      .fn<JournalStore['append']>()
      .mockRejectedValue(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
    const { facts, writer } = setup(async () => Object.assign(new MemoryJournalStore(BOUNDS), { append }));
    facts.emit('job.succeeded', success);
    await writer.flush();
    for (let count = 0; count < 3_000; count += 1) {
      facts.emit('job.succeeded', success);
      await Promise.resolve();
    }
    expect(append).toHaveBeenCalledTimes(1);
    await writer.close();
  });

  test('what ends while a write is under way waits for the next one, so that many share it', async () => {
    const written: number[] = [];
    const store = new MemoryJournalStore(BOUNDS);
    const append: JournalStore['append'] = batch => {
      written.push(batch.frames.reduce((sum, frame) => sum + ('runs' in frame ? Number(frame.runs) : 0), 0));
      if (written.length < 4) facts.emit('job.succeeded', success);
      return store.append(batch);
    };
    const { facts, writer } = setup(async () => Object.assign(new MemoryJournalStore(BOUNDS), { append }));
    for (let count = 0; count < 2_000; count += 1) facts.emit('job.succeeded', success);
    await writer.flush();
    expect(written).toEqual([2_000, 1]);
    await writer.close();
  });

  test('what waits for a store that does not answer has a bound, and the rest is counted', async () => {
    let dropped = 0;
    const { facts } = setup(
      () => new Promise(() => undefined),
      runs => void (dropped += runs),
    );
    for (let count = 0; count < 30_000; count += 1) facts.emit('job.succeeded', success);
    expect(dropped).toBeGreaterThan(5_000);
    expect(dropped).toBeLessThan(15_000);
  });

  test('successes are sampled once half of the bound is in use; failures never; all are counted', async () => {
    const store = new MemoryJournalStore({ failed: 1_000_000, succeeded: 40_000 });
    const { facts, writer } = setup(async () => store);
    for (let part = 0; part < 20; part += 1) {
      for (let count = 0; count < 200; count += 1) {
        facts.emit('job.succeeded', { ...success, jobId: `email-${part}-${count}` });
      }
      facts.emit('job.dead', { ...success, jobId: `email-${part}`, reason: 'permanent', error: new Error('no') });
      await writer.flush();
    }
    const [counts] = await store.counts('minute', { from: NOW - 60_000, to: NOW }, [ALL_COUNTS]);
    expect(counts).toMatchObject({ succeeded: 4_000, dead: 20 });
    expect(counts?.kept).toBeLessThan(4_000);
    expect(counts?.kept).toBeGreaterThanOrEqual(200);
    expect((await findRuns(store, { outcomes: ['dead'] }, { limit: 99 })).runs).toHaveLength(20);
  });

  test('nothing is written after it was closed', async () => {
    const { facts, store, writer, stop } = setup();
    facts.emit('job.succeeded', success);
    stop();
    await writer.close();
    facts.emit('job.succeeded', success);
    expect((await findRuns(store, {}, { limit: 9 })).runs).toHaveLength(1);
  });
});
