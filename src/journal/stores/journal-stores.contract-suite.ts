import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findRuns } from '../read/find-runs.ts';
import { ALL_COUNTS, emptyCounts, queueCounts } from '../record/contract-counts.ts';
import { quantileOf } from '../record/durations.ts';
import { writeFrame, type GatheredRun } from '../record/frame.ts';
import { classOf } from '../record/run-record.ts';
import { DAY, MINUTE, type Bounds, type JournalBatch, type JournalStore } from './journal-store.ts';

export interface OpenedJournal {
  /** On the same place each time. */
  store(bounds?: Bounds): JournalStore;
  close(): Promise<void>;
}

const recorder = { worker: 'host/1', host: 'host', release: 'r1' };
const NOW = Date.UTC(2026, 10, 29, 12, 0, 30);
const NOTHING = { frames: [], counts: [], marks: [], depths: [] };

export function aRun(number: number, more: Partial<GatheredRun> = {}): GatheredRun {
  const id = `email-0mx${String(number).padStart(7, '0')}-tail`;
  return {
    jobId: id,
    jobName: 'welcome',
    queue: 'email',
    outcome: 'succeeded',
    endedAt: NOW + number,
    waitedMs: 3,
    ranMs: 12,
    attempt: 1,
    correlationId: id,
    tags: [],
    ...more,
  };
}

export function aBatch(now: number, runs: readonly GatheredRun[]): JournalBatch {
  const frames = [...Map.groupBy(runs, ({ outcome }) => classOf(outcome))].map(([of, own]) => ({
    of,
    ...writeFrame(recorder, own),
  }));
  return { ...NOTHING, now, writer: 'host/1', frames };
}

/** What every store of the journal does. */
export function journalStoreContract(kind: string, open: () => Promise<OpenedJournal>): void {
  describe(`the journal in ${kind}`, () => {
    let opened: OpenedJournal;
    let store: JournalStore;

    beforeEach(async () => {
      opened = await open();
      store = opened.store();
    });
    afterEach(() => opened.close());

    const all = async (query: Parameters<typeof findRuns>[1], limit = 3, of = store): Promise<readonly string[]> => {
      const found: string[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await findRuns(of, query, { limit, cursor });
        found.push(...page.runs.map(({ jobId }) => jobId));
        cursor = page.next;
      }
      return found;
    };

    test('gives back all that is known of a run', async () => {
      const run = aRun(1, {
        outcome: 'dead',
        reason: 'permanent',
        error: 'TypeError',
        message: 'no "such" thing\n',
        cause: 'abcdefghij',
        traceId: 'a'.repeat(32),
        correlationId: 'order-1',
        tags: [
          { name: 'user', digest: 'd1' },
          { name: 'order', digest: 'd2', value: 'o-1042' },
        ],
        items: 3,
      });
      await store.append(aBatch(NOW, [run]));
      const { runs, next } = await findRuns(store, { jobId: run.jobId }, { limit: 10 });
      expect(runs).toEqual([{ ...run, ...recorder }]);
      expect(next).toBeUndefined();
    });

    test('finds by tag, id, correlation, trace, cause, contract, queue, outcome, worker, release and time, each and together', async () => {
      const tags = [{ name: 'user', digest: 'digest-of-u1' }];
      const wanted = aRun(5, {
        outcome: 'retried',
        tags,
        correlationId: 'order-5',
        traceId: 'b'.repeat(32),
        cause: 'cause-five',
      });
      await store.append(
        aBatch(NOW, [aRun(1), aRun(2, { jobName: 'other', queue: 'analytics' }), wanted, aRun(6, { tags })]),
      );
      const id = wanted.jobId;
      expect(await all({ tags: [['digest-of-u1']] })).toEqual([id, aRun(6).jobId]);
      expect(await all({ tags: [['unknown', 'digest-of-u1']], outcomes: ['retried'] })).toEqual([id]);
      expect(await all({ jobId: id })).toEqual([id]);
      expect(await all({ correlationId: 'order-5' })).toEqual([id]);
      expect(await all({ correlationId: aRun(1).jobId })).toEqual([aRun(1).jobId]);
      expect(await all({ traceId: 'b'.repeat(32) })).toEqual([id]);
      expect(await all({ cause: 'cause-five' })).toEqual([id]);
      expect(await all({ contract: 'other' })).toEqual([aRun(2).jobId]);
      expect(await all({ queue: 'analytics' })).toEqual([aRun(2).jobId]);
      expect(await all({ outcomes: ['succeeded'] })).toEqual([6, 2, 1].map(number => aRun(number).jobId));
      expect(await all({ since: NOW + 2, until: NOW + 6 })).toEqual([id, aRun(2).jobId]);
      expect(await all({ worker: 'host/1', release: 'r2' })).toEqual([]);
      expect(await all({ tags: [['digest-of-u1'], ['another']] })).toEqual([]);
    });

    test('pages neither skip nor repeat a run while others are written', async () => {
      for (let batch = 0; batch < 6; batch += 1) {
        const runs = Array.from({ length: 20 }, (_, index) =>
          aRun(batch * 20 + index, index % 4 === 0 ? { outcome: 'dead' } : {}),
        );
        await store.append(aBatch(NOW + batch * 40_000, runs));
      }
      const found: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await findRuns(store, { contract: 'welcome' }, { limit: 7, cursor });
        found.push(...page.runs.map(({ jobId }) => jobId));
        cursor = page.next;
        await store.append(aBatch(NOW + 240_000 + pages, [aRun(1_000 + pages)]));
        pages += 1;
      } while (cursor !== undefined);
      expect(found.toSorted()).toEqual(Array.from({ length: 120 }, (_, index) => aRun(index).jobId).toSorted());
    });

    test('a long search stops, says how far it has come, and goes on from there', async () => {
      for (let batch = 0; batch < 400; batch += 1) {
        const more: Partial<GatheredRun> = batch === 0 ? { queue: 'rare', jobName: 'rare' } : {};
        await store.append(aBatch(NOW + batch * MINUTE, [aRun(batch, more)]));
      }
      const first = await findRuns(store, { queue: 'rare' }, { limit: 5 });
      expect(first.runs).toEqual([]);
      expect(first.lookedBackTo).toBeGreaterThan(NOW);
      expect(await all({ queue: 'rare' })).toEqual([aRun(0).jobId]);
    });

    test('successes are dropped for want of room, the oldest first, and failures are not', async () => {
      const small = opened.store({ failed: 10_000_000, succeeded: 60_000 });
      for (let day = 0; day < 6; day += 1) {
        const runs = Array.from({ length: 200 }, (_, index) => aRun(day * 200 + index));
        await small.append(aBatch(NOW + day * DAY, [...runs, aRun(5_000 + day, { outcome: 'dead' })]));
      }
      // A store that has partitions looks at them when it is opened, and each hour.
      const again = opened.store({ failed: 10_000_000, succeeded: 60_000 });
      await again.append(aBatch(NOW + 6 * DAY, [aRun(2_000)]));
      const { succeeded, failed } = await again.standing();
      expect(succeeded.since).toBeGreaterThan(NOW);
      expect(failed.since).toBeLessThanOrEqual(NOW);
      const kept = await all({ outcomes: ['succeeded'] }, 200, again);
      expect(kept[0]).toBe(aRun(2_000).jobId);
      expect(kept).not.toContain(aRun(0).jobId);
      expect(await all({ outcomes: ['dead'] }, 9, again)).toHaveLength(6);
    });

    test('nothing is older than fourteen days', async () => {
      await store.append(aBatch(NOW, [aRun(1, { outcome: 'dead' })]));
      const later = opened.store();
      await later.append(aBatch(NOW + 16 * DAY, [aRun(2, { outcome: 'dead' })]));
      expect(await all({ outcomes: ['dead'] })).toEqual([aRun(2).jobId]);
    });

    test('counts of several processes and writes add up, by minute and by hour', async () => {
      const counts = {
        ...emptyCounts('welcome', 'email'),
        succeeded: 3,
        dead: 1,
        ranMs: 40,
        waited: { 3: 4 },
        ran: { 9: 3, 20: 1 },
      };
      await store.append({
        ...NOTHING,
        now: NOW,
        writer: 'a',
        counts: [counts, { ...counts, jobName: 'other', queue: 'sms' }],
      });
      await store.append({ ...NOTHING, now: NOW + 5_000, writer: 'b', counts: [counts] });
      await store.append({ ...NOTHING, now: NOW + MINUTE, writer: 'b', counts: [counts] });
      const span = { from: NOW - MINUTE, to: NOW + 2 * MINUTE };
      const minutes = await store.counts('minute', span, ['welcome']);
      expect(minutes.toSorted((a, b) => a.at - b.at)).toMatchObject([
        { at: NOW - 30_000, queue: 'email', succeeded: 6, dead: 2, ranMs: 80, waited: { 3: 8 }, ran: { 9: 6, 20: 2 } },
        { at: NOW + 30_000, succeeded: 3 },
      ]);
      const hours = await store.counts('hour', { from: NOW - 3_600_000, to: NOW }, ['welcome', 'nobody']);
      expect(hours).toMatchObject([{ jobName: 'welcome', succeeded: 9, waited: { 3: 12 } }]);
      expect(quantileOf(hours[0]?.waited ?? {}, 0.5)).toBeGreaterThan(0);
      const sums = await store.counts('hour', { from: NOW - 3_600_000, to: NOW }, [ALL_COUNTS, queueCounts('sms')]);
      expect(sums.map(({ jobName, succeeded, dead }) => [jobName, succeeded, dead]).toSorted()).toEqual([
        ['/', 12, 4],
        ['/sms', 3, 1],
      ]);
    });

    test('a mark that several say stands there once, and the first depth of a minute stands', async () => {
      const mark = { kind: 'host-lost' as const, at: NOW, text: 'The host b was lost.' };
      const minute = Math.floor(NOW / MINUTE) * MINUTE;
      const depth = { at: minute, queue: 'email', unfinished: 5, waiting: 3, held: 1, oldestDueMs: undefined };
      for (const writer of ['a', 'b'])
        await store.append({
          ...NOTHING,
          now: NOW,
          writer,
          marks: [mark],
          depths: [{ ...depth, held: writer === 'a' ? 1 : 2 }],
        });
      await store.append({
        ...NOTHING,
        now: NOW,
        writer: 'a',
        marks: [{ kind: 'deploy', at: NOW + 5, text: 'Release 2' }],
      });
      const span = { from: minute - 1, to: NOW + 10 };
      expect(await store.marks(span, 10)).toEqual([mark, { kind: 'deploy', at: NOW + 5, text: 'Release 2' }]);
      expect(await store.depths(span, ['email', 'none'])).toEqual([depth]);
      expect(await store.depths(span, ['sms'])).toEqual([]);
      const sms = { ...depth, queue: 'sms', unfinished: 7 };
      await store.append({ ...NOTHING, now: NOW, writer: 'b', depths: [sms, depth, { ...sms, at: minute + MINUTE }] });
      const minutes = [minute, minute + MINUTE, minute + 2 * MINUTE];
      expect([...(await store.unfinished(minutes, undefined))].toSorted()).toEqual([
        [minute, 12],
        [minute + MINUTE, 7],
      ]);
      expect([...(await store.unfinished(minutes, 'email'))]).toEqual([[minute, 5]]);
    });

    test('says how many write', async () => {
      await store.append({ ...aBatch(NOW, [aRun(1)]), writer: 'a' });
      const room = await opened.store().append({ ...aBatch(NOW, [aRun(2)]), writer: 'b' });
      expect(room.writers).toBe(2);
      expect(room.filled).toBeGreaterThan(0);
    });
  });
}
