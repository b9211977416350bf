import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../../tests/support/wait-for.ts';
import type { OpenTurnQueue } from './turns.contract-suite.ts';
import type { EndKind, KeyEnd, NewJob, StoredKey, TakenJob, TurnQueue } from '../turns/index.ts';

const FAILURE = { message: 'no such mailbox', stacktrace: [] };
const LONG_MS = 3_600_000;
const stands = { kind: 'stands', id: 'key', forMs: LONG_MS, data: 'A' } as const;

/** What every engine does with the keys of jobs. */
export function keysContract(kind: string, open: (name: string) => Promise<OpenTurnQueue>): void {
  describe(`keys on ${kind}`, () => {
    let opened: OpenTurnQueue;
    let queue: TurnQueue;
    let count = 0;
    let now: number;

    beforeEach(async () => {
      opened = await open(`keys-${(count += 1)}`);
      ({ queue } = opened);
      now = Date.now();
    });
    afterEach(() => opened.close());

    const keyed = (id: string, key: Partial<StoredKey> = {}, more: Partial<NewJob> = {}): NewJob => {
      const deduplication: StoredKey = { id: 'key', keep: 'first', for: 0, ...key };
      return {
        id,
        name: 'greet',
        data: JSON.stringify({ from: id }),
        timestamp: now,
        ...more,
        opts: { attempts: 3, priority: 20, ...more.opts, deduplication },
      };
    };
    const add = async (...jobs: readonly NewJob[]): Promise<readonly string[]> =>
      (await queue.add(jobs)).map(answer => (answer.kind === 'refused' ? answer.kind : `${answer.kind} ${answer.id}`));
    const turn = (ends: readonly (readonly [TakenJob | undefined, EndKind])[], wanted: number) => {
      const id = `turn-${(count += 1)}`;
      const tokens = Array.from({ length: wanted }, (_, nth) => `${id}-${nth}`);
      return queue.turn({
        id,
        now,
        ends: ends.map(([job, end]) => ({ jobId: job?.id ?? '', token: job?.token ?? '', end })),
        take: wanted === 0 ? undefined : { tokens, worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 },
      });
    };
    const take = async (): Promise<readonly TakenJob[]> => (await turn([], 9)).jobs;
    const succeed = async (job: TakenJob | undefined, key?: KeyEnd, kept = -1): Promise<void> => {
      await turn([[job, { what: 'succeeded', result: 'null', keep: { count: kept }, key }]], 0);
    };
    const fail = async (job: TakenJob | undefined, key?: KeyEnd): Promise<void> => {
      await turn([[job, { what: 'dead', failure: FAILURE, attempts: 3, keep: {}, key }]], 0);
    };

    test('first: while its job waits or runs the same data is that job, and other data is refused', async () => {
      await add(keyed('a', { data: 'A' }));
      const asked = [keyed('b', { data: 'A' }), keyed('c', { data: 'B' }), keyed('d')];
      expect(await add(...asked)).toEqual(['stands a', 'conflict a', 'stands a']);
      const jobs = await take();
      expect(jobs.map(({ id }) => id)).toEqual(['a']);
      expect(await add(...asked)).toEqual(['stands a', 'conflict a', 'stands a']);
    });

    test('of several in one call the first has the key', async () => {
      const asked = [keyed('a', { data: 'A' }), keyed('b', { data: 'B' }), keyed('c', { data: 'A' })];
      expect(await add(...asked)).toEqual(['stands a', 'conflict a', 'stands a']);
      expect((await take()).map(({ id }) => id)).toEqual(['a']);
    });

    test('after success it is free, or stands for as long as it says, with its data, also where the job is kept no longer', async () => {
      await add(keyed('a', { data: 'A' }));
      await succeed((await take())[0]);
      expect(await add(keyed('b', { data: 'A' }))).toEqual(['stands b']);
      await succeed((await take())[0], stands, 0);
      expect(await add(keyed('c', { data: 'A' }), keyed('d', { data: 'B' }))).toEqual(['stands b', 'conflict b']);
      expect(await take()).toEqual([]);
    });

    test('when its time is over it is free', async () => {
      await add(keyed('a', { data: 'A' }));
      await succeed((await take())[0], { ...stands, forMs: 1 });
      const asked = async (): Promise<string | undefined> => {
        now = Date.now();
        return (await add(keyed('b', { data: 'B' })))[0];
      };
      await waitFor('the key to be free', async () => (await asked()) !== 'conflict a');
      expect(await asked()).toBe('stands b');
    });

    test('after an end that had no effect it is free; held, it stands until its job is gone', async () => {
      await add(keyed('a', { data: 'A' }));
      await fail((await take())[0]);
      expect(await add(keyed('b', { data: 'B' }))).toEqual(['stands b']);
      await fail((await take())[0], { kind: 'held', id: 'key' });
      expect(await add(keyed('c', { data: 'A' }), keyed('d', { data: 'B' }))).toEqual(['conflict b', 'stands b']);
    });

    test('last: the job that waits takes the new data and the new start, bounded from the first call on', async () => {
      const last = { keep: 'last', maxWait: 5_000 } as const;
      const later = (id: string) => keyed(id, last, { opts: { delay: 4_000 } });
      expect(await add(later('a'))).toEqual(['stands a']);
      now += 2_000;
      expect(await add(later('b'), later('c'))).toEqual(['updated a', 'updated a']);
      // 6,000 were too late.
      now += 2_999;
      expect(await turn([], 1)).toMatchObject({ jobs: [], rest: { kind: 'none', delayedUntil: now + 1 } });
      now += 1;
      expect(await take()).toMatchObject([{ id: 'a', data: { from: 'c' } }]);
    });

    test('last: the end of a job whose key another one has by then leaves it to that one', async () => {
      const last = (id: string) => keyed(id, { keep: 'last' });
      await add(last('a'));
      const [a] = await take();
      expect(await add(last('b'))).toEqual(['stands b']);
      await succeed(a, stands);
      expect(await add(last('c'))).toEqual(['updated b']);
    });

    test('last: a start that is put off again and again is put off where nothing bounds it', async () => {
      const later = (id: string) => keyed(id, { keep: 'last' }, { opts: { delay: 4_000 } });
      await add(later('a'));
      for (const id of ['b', 'c', 'd']) {
        now += 3_000;
        expect(await add(later(id))).toEqual(['updated a']);
      }
      now += 3_999;
      expect(await take()).toEqual([]);
      now += 1;
      expect(await take()).toMatchObject([{ id: 'a', data: { from: 'd' }, timestamp: now - 4_000 }]);
    });

    test('last: one that is due keeps its place; one that runs is left alone, and the new one has the key from then on', async () => {
      const last = (id: string) => keyed(id, { keep: 'last' });
      await add(last('a'), keyed('other', { id: 'another' }));
      expect(await add(last('b'))).toEqual(['updated a']);
      const { jobs } = await turn([], 1);
      expect(jobs).toMatchObject([{ id: 'a', data: { from: 'b' } }]);
      expect(await add(last('c'), last('d'))).toEqual(['stands c', 'updated c']);
      await succeed(jobs[0]);
      expect(await add(last('e'))).toEqual(['updated c']);
      expect((await take()).map(({ id, data }) => [id, data])).toEqual([
        ['other', { from: 'other' }],
        ['c', { from: 'e' }],
      ]);
    });

    test('last: one that failed an attempt takes the data and keeps its time; one of which nobody knows what it did takes none', async () => {
      const last = (id: string) => keyed(id, { keep: 'last' }, { opts: { delay: 1 } });
      await add(last('a'));
      now += 1;
      const [a] = await take();
      await turn([[a, { what: 'retry', at: now + 9_000, failure: FAILURE, lifo: false }]], 0);
      now += 1;
      expect(await add(last('b'))).toEqual(['updated a']);
      now += 8_998;
      expect(await take()).toEqual([]);
      now += 1;
      const [again] = await take();
      expect(again).toMatchObject({ id: 'a', data: { from: 'b' }, attemptsMade: 1 });
      await fail(again, { kind: 'held', id: 'key' });
      expect(await add(last('c'))).toEqual(['conflict a']);
    });

    test('last: the job that waits has the options and the priority of the last call, and so its version', async () => {
      const last = (id: string, priority: number, version: string) =>
        keyed(id, { keep: 'last' }, { opts: { priority, attempts: priority }, metadata: `{"v":${version}}` });
      await add(last('a', 20, '1'), keyed('other', { id: 'another' }));
      expect(await add(last('b', 30, '2'))).toEqual(['updated a']);
      const jobs = await take();
      expect(jobs).toMatchObject([
        { id: 'other' },
        { id: 'a', opts: { attempts: 30, priority: 30, telemetry: { metadata: '{"v":2}' } } },
      ]);
      await succeed(jobs[1]);
      expect(await add(last('c', 20, '2'))).toEqual(['stands c']);
    });

    test('last: one that is delayed has the priority of the last call when its time comes', async () => {
      const later = (id: string, priority: number) => keyed(id, { keep: 'last' }, { opts: { delay: 1_000, priority } });
      await add(later('a', 20), keyed('other', { id: 'another' }, { opts: { delay: 1_000 } }));
      expect(await add(later('b', 10))).toEqual(['updated a']);
      now += 1_000;
      expect((await take()).map(({ id }) => id)).toEqual(['a', 'other']);
    });

    test('last: a job that took over under a new secret has its key under that, and frees it', async () => {
      await add(keyed('a', { id: 'old', keep: 'last' }));
      const asked = (id: string) => keyed(id, { keep: 'last' }, { before: { id: 'old' } });
      expect(await add(asked('b'))).toEqual(['updated a']);
      expect(await add(keyed('c', { keep: 'last' }), keyed('d', { id: 'old', keep: 'last' }))).toEqual([
        'updated a',
        'stands d',
      ]);
      const [a] = await take();
      expect(a).toMatchObject({ id: 'a', data: { from: 'c' } });
      await succeed(a);
      expect(await add(keyed('e', { keep: 'last' }))).toEqual(['stands e']);
    });

    test('last: one that was cancelled takes over nothing, for it would be lost', async () => {
      const later = (id: string) => keyed(id, { keep: 'last' }, { opts: { delay: 1 } });
      await add(later('a'));
      now += 1;
      const [a] = await take();
      const progress = '{"cancel":{"reason":"x","by":"y"}}';
      await turn([[a, { what: 'snoozed', until: now + 1_000, progress }]], 0);
      expect(await add(later('b'))).toEqual(['stands b']);
    });

    test('what stood under the secret of before is found under it', async () => {
      await add(keyed('a', { id: 'old', data: 'old A' }));
      const asked = (id: string, data: string) => keyed(id, { data }, { before: { id: 'old', data: `old ${data}` } });
      expect(await add(asked('b', 'A'), asked('c', 'B'))).toEqual(['stands a', 'conflict a']);
      expect(await add(keyed('d', { id: 'other' }, { before: { id: 'gone', jobId: 'a' } }))).toEqual(['stands a']);
      expect(await add(keyed('e', { id: 'other' }, { before: { id: 'gone', jobId: 'nobody' } }))).toEqual(['stands e']);
    });

    test('a job that was added is not added again, whoever has its key by then', async () => {
      await add(keyed('a', { keep: 'last' }));
      await take();
      await add(keyed('b', { keep: 'last' }));
      expect(await add(keyed('a', { keep: 'last' }))).toEqual(['stands a']);
      expect((await take()).map(({ id }) => id)).toEqual(['b']);
    });

    test('a key is given to a job that is about to run again where no other has it', async () => {
      await add(keyed('a', { data: 'A' }));
      await fail((await take())[0]);
      expect(await queue.holdKey('a', { id: 'key' })).toBe('a');
      expect(await add(keyed('b', { data: 'A' }))).toEqual(['stands a']);
      expect(await queue.holdKey('b', { id: 'key' })).toBe('a');
      expect(await queue.holdKey('a', { id: 'key', forMs: LONG_MS, data: 'A' })).toBe('a');
      expect(await add(keyed('b', { data: 'A' }))).toEqual(['stands a']);
    });

    test.each(['first', 'last'] as const)(
      'kept %s: a job takes the key of another one, and is refused where a third has it',
      async keep => {
        await add(keyed('a', { data: 'A', keep }));
        await fail((await take())[0], { kind: 'held', id: 'key' });
        expect(await add(keyed('b', { data: 'B', keep }, { instead: 'none' }))).toEqual(['conflict a']);
        expect(await add(keyed('b', { data: 'B', keep }, { instead: 'a' }))).toEqual(['stands b']);
        expect(await add(keyed('b', { data: 'B', keep }, { instead: 'a' }))).toEqual(['stands b']);
        expect(await add(keyed('c', { data: 'C', keep }, { instead: 'a' }))).toEqual(['conflict b']);
        expect(await add(keyed('d', { data: 'B', keep: 'first' }))).toEqual(['stands b']);
        expect((await take()).map(({ id }) => id)).toEqual(['b']);
      },
    );
  });
}
