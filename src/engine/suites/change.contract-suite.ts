import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobChange, NewJob, TakenJob, TurnAnswer, TurnQueue } from '../turns/index.ts';
import type { OpenGroupedQueue } from './groups.contract-suite.ts';

/** What every engine does when a job that waits is changed. Each test gives the times: none waits for one. */
export function changeContract(
  kind: string,
  open: (name: string) => Promise<Pick<OpenGroupedQueue, 'queue' | 'stateOf' | 'close'>>,
): void {
  describe(`changes on ${kind}`, () => {
    let opened: Pick<OpenGroupedQueue, 'queue' | 'stateOf' | 'close'>;
    let queue: TurnQueue;
    let count = 0;
    let now: number;

    beforeEach(async () => {
      opened = await open(`change-${(count += 1)}`);
      ({ queue } = opened);
      now = 1_900_000_000_000;
    });
    afterEach(() => opened.close());

    const job = (id: string, opts: NewJob['opts'] = {}): NewJob => ({
      id,
      name: 'greet',
      data: '{"to":"old"}',
      opts: { attempts: 3, priority: 20, ...opts },
      timestamp: now,
    });
    const turn = (wanted: number, ends: Parameters<TurnQueue['turn']>[0]['ends'] = []): Promise<TurnAnswer> => {
      const id = `turn-${(count += 1)}`;
      const tokens = Array.from({ length: wanted }, (_, nth) => `${id}-${nth}`);
      const take = { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
      return queue.turn({ id, now, ends, take: wanted === 0 ? undefined : take });
    };
    const take = async (wanted = 9): Promise<readonly TakenJob[]> => (await turn(wanted)).jobs;
    const idsOf = (jobs: readonly TakenJob[]): readonly string[] => jobs.map(({ id }) => id);
    const change = (id: string, by: Omit<JobChange, 'opts'> & Partial<JobChange>) =>
      queue.change(id, now, ({ opts }) => ({ opts, ...by }));

    test('one that waits keeps its place and takes data and options; who decides sees it as it stands', async () => {
      await queue.add([job('a'), job('b')]);
      const answer = await queue.change('a', now, stored => {
        expect(stored).toMatchObject({ name: 'greet', data: { to: 'old' }, timestamp: now, progress: 0 });
        expect(stored.opts).toMatchObject({ attempts: 3, priority: 20 });
        return { data: '{"to":"new"}', opts: { ...stored.opts, telemetry: { metadata: 'v2' } } };
      });
      expect(answer).toBe('changed');
      expect(await take()).toMatchObject([
        { id: 'a', data: { to: 'new' }, timestamp: now, opts: { attempts: 3, telemetry: { metadata: 'v2' } } },
        { id: 'b', data: { to: 'old' } },
      ]);
    });

    test('another priority puts it behind those that have it, and stays with it between attempts', async () => {
      await queue.add([job('a'), job('b', { priority: 10 }), job('c', { priority: 0 }), job('d')]);
      expect(await change('a', { priority: 10 })).toBe('changed');
      expect(await change('c', { priority: 30 })).toBe('changed');
      const jobs = await take();
      expect(idsOf(jobs)).toEqual(['b', 'a', 'd', 'c']);
      const failure = { message: 'x', stacktrace: [] };
      await turn(
        0,
        jobs.map(({ id: jobId, token }) => ({ jobId, token, end: { what: 'retry', at: now, failure, lifo: false } })),
      );
      expect(idsOf(await take())).toEqual(['b', 'a', 'd', 'c']);
    });

    test('it starts when it is told to: later, sooner, at once', async () => {
      await queue.add([job('now'), job('later', { delay: 5_000 }), job('much-later', { delay: 60_000 })]);
      expect(await change('now', { dueAt: now + 2_000 })).toBe('changed');
      expect(await change('later', { dueAt: now + 1_000 })).toBe('changed');
      expect(await change('much-later', { dueAt: now })).toBe('changed');
      expect(await opened.stateOf('now')).toBe('delayed');
      const { jobs, rest } = await turn(9);
      expect(idsOf(jobs)).toEqual(['much-later']);
      expect(rest).toEqual({ kind: 'none', delayedUntil: now + 1_000 });
      now += 1_000;
      expect(idsOf(await take())).toEqual(['later']);
      now += 1_000;
      expect(idsOf(await take())).toEqual(['now']);
    });

    test('a job between two attempts takes the data and a new time, and keeps its attempts', async () => {
      await queue.add([job('a')]);
      const [a] = await take();
      const failure = { message: 'no such mailbox', stacktrace: [] };
      const lock = { jobId: 'a', token: a?.token ?? '' };
      await turn(0, [{ ...lock, end: { what: 'retry', at: now + 9_000, failure, lifo: false } }]);
      expect(await change('a', { data: '{"to":"new"}', dueAt: now + 1_000 })).toBe('changed');
      now += 1_000;
      expect(await take()).toMatchObject([{ id: 'a', data: { to: 'new' }, attemptsMade: 1, attemptsStarted: 2 }]);
    });

    test('one that a group sets aside is changed in its line, leaves it with its groups, and is started later all the same', async () => {
      await queue.pauseGroup('host/a', { by: 'person', until: now + 60_000, probes: false });
      const held = (id: string) => job(id, { groups: ['host/a'] });
      await queue.add([held('stays'), held('moves'), held('later'), job('other')]);
      expect(idsOf(await take())).toEqual(['other']);
      expect(await change('stays', { data: '{"to":"new"}' })).toBe('changed');
      expect(await change('moves', { opts: { attempts: 3, priority: 20, groups: ['host/b'] } })).toBe('changed');
      expect(await change('later', { dueAt: now + 1_000 })).toBe('changed');
      expect(idsOf(await take())).toEqual(['moves']);
      now += 1_000;
      expect(idsOf(await take())).toEqual([]);
      await queue.resumeGroup('host/a', 'person');
      const jobs = [...(await take()), ...(await take())];
      expect(jobs.map(({ id, data }) => [id, data])).toEqual([
        ['stays', { to: 'new' }],
        ['later', { to: 'old' }],
      ]);
    });

    test('one whose contract is paused stays so when its priority is another', async () => {
      await queue.pauseGroup('job/greet', { by: 'person', until: now + 60_000, probes: false });
      await queue.add([job('a'), job('b')]);
      expect(await take()).toEqual([]);
      expect(await change('b', { priority: 10 })).toBe('changed');
      expect(await take()).toEqual([]);
      await queue.resumeGroup('job/greet', 'person');
      expect(idsOf([...(await take()), ...(await take())])).toEqual(['b', 'a']);
    });

    test('one that runs, has ended or is not there is left as it is', async () => {
      await queue.add([job('runs'), job('ends')]);
      const [runs, ends] = await take();
      const lock = { jobId: 'ends', token: ends?.token ?? '' };
      await turn(0, [{ ...lock, end: { what: 'succeeded', result: '1', keep: {} } }]);
      const by = { data: '{"to":"new"}', priority: 10, dueAt: now + 1_000 };
      expect(await change('runs', by)).toBe('runs');
      expect(await change('ends', by)).toBe('ended');
      expect(await change('nobody', by)).toBe('missing');
      expect(await queue.extendLocks([{ jobId: 'runs', token: runs?.token ?? '' }], 1_000)).toEqual([]);
      const end = { what: 'handed-back' } as const;
      await turn(0, [{ jobId: 'runs', token: runs?.token ?? '', end }]);
      expect(await take()).toMatchObject([{ id: 'runs', data: { to: 'old' } }]);
    });

    test('who was first is seen by who comes second: nothing of either is lost', async () => {
      await queue.add([job('a')]);
      const attempts = (more: number) =>
        queue.change('a', now, ({ opts }) => ({ opts: { ...opts, attempts: (opts.attempts ?? 0) + more } }));
      expect(await Promise.all([attempts(1), attempts(10), attempts(100)])).toEqual(['changed', 'changed', 'changed']);
      expect(await take()).toMatchObject([{ id: 'a', opts: { attempts: 114 } }]);
    });

    test('what throws where it is decided changes nothing', async () => {
      await queue.add([job('a')]);
      const refusing = queue.change('a', now, () => {
        throw new Error('no');
      });
      await expect(refusing).rejects.toThrow('no');
      expect(await take()).toMatchObject([{ id: 'a', data: { to: 'old' } }]);
    });
  });
}
