import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { End, EndKind, NewJob, TakenJob, TurnQueue } from '../turns/index.ts';

export interface OpenTurnQueue {
  readonly queue: TurnQueue;
  close(): Promise<unknown>;
}

const NEVER = new AbortController().signal;
const FAILURE = { message: 'no such mailbox', stacktrace: ['Error: no such mailbox'] };

/** What add, take and settle promise on every engine. Each test gives the times: none waits for one. */
export function turnsContract(kind: string, open: (name: string) => Promise<OpenTurnQueue>): void {
  describe(`turns on ${kind}`, () => {
    let opened: OpenTurnQueue;
    let queue: TurnQueue;
    let count = 0;
    let now: number;

    beforeEach(async () => {
      opened = await open(`turns-${(count += 1)}`);
      ({ queue } = opened);
      now = Date.now();
    });
    afterEach(() => opened.close());

    const job = (id: string, opts: NewJob['opts'] = {}): NewJob => ({
      id,
      name: 'greet',
      data: JSON.stringify({ to: id }),
      opts: { attempts: 3, ...opts },
      timestamp: now,
    });
    const turn = (ends: readonly End[], wanted: number, id = `turn-${(count += 1)}`) => {
      const tokens = Array.from({ length: wanted }, (_, nth) => `${id}-${nth}`);
      const take = { tokens, worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 };
      return queue.turn({ id, now, ends, take: wanted === 0 ? undefined : take });
    };
    const take = async (wanted: number): Promise<readonly TakenJob[]> => (await turn([], wanted)).jobs;
    const idsOf = (jobs: readonly TakenJob[]): readonly string[] => jobs.map(({ id }) => id);
    const end = (taken: TakenJob | undefined, what: EndKind): End => ({
      jobId: taken?.id ?? '',
      token: taken?.token ?? '',
      end: what,
    });
    const succeeded: EndKind = { what: 'succeeded', result: '{"sent":true}', keep: {} };

    test('jobs are taken in the order in which they were added, each with a token of the take, and with what was stored', async () => {
      const answers = await queue.add([job('a'), job('b'), job('c')]);
      expect(answers).toEqual(['a', 'b', 'c'].map(id => ({ kind: 'stands', id })));
      const { jobs, rest } = await turn([], 2, 'first');
      expect(jobs.map(({ id, token }) => [id, token])).toEqual([
        ['a', 'first-0'],
        ['b', 'first-1'],
      ]);
      expect(rest).toEqual({ kind: 'more' });
      expect(jobs[0]).toMatchObject({
        kind: 'sound',
        name: 'greet',
        data: { to: 'a' },
        timestamp: now,
        attemptsMade: 0,
        attemptsStarted: 1,
      });
      expect(jobs[0]?.opts).toMatchObject({ attempts: 3 });
      expect(await turn([], 2)).toMatchObject({ jobs: [{ id: 'c' }], rest: { kind: 'none' } });
    });

    test('a job without a priority comes first, then the lowest number, and LIFO jobs at the head', async () => {
      await queue.add([
        job('low', { priority: 30 }),
        job('high', { priority: 10 }),
        job('none'),
        job('head', { lifo: true }),
      ]);
      expect(idsOf(await take(9))).toEqual(['head', 'none', 'high', 'low']);
    });

    test('a delayed job is not taken before its time, and the turn says when that is', async () => {
      await queue.add([job('later', { delay: 5_000 })]);
      expect(await turn([], 1)).toMatchObject({ jobs: [], rest: { kind: 'none', delayedUntil: now + 5_000 } });
      now += 5_000;
      expect(idsOf(await take(1))).toEqual(['later']);
    });

    test('an id that stands is not added again', async () => {
      await queue.add([job('a')]);
      expect(await queue.add([job('a'), job('b')])).toEqual(['a', 'b'].map(id => ({ kind: 'stands', id })));
      expect(idsOf(await take(9))).toEqual(['a', 'b']);
    });

    test('a key stands for its first job until that has ended', async () => {
      const keyed = (id: string) => job(id, { deduplication: { id: 'key' } });
      expect(await queue.add([keyed('first'), keyed('second')])).toEqual(
        ['first', 'first'].map(id => ({ kind: 'stands', id })),
      );
      const [first] = await take(9);
      expect(await queue.add([keyed('third')])).toEqual([{ kind: 'stands', id: 'first' }]);
      await turn([end(first, succeeded)], 0);
      expect(await queue.add([keyed('fourth')])).toEqual([{ kind: 'stands', id: 'fourth' }]);
    });

    test('many ends of one turn are written each by itself, and what is free again is taken in the same turn', async () => {
      await queue.add(['a', 'b', 'c', 'd', 'e'].map(id => job(id)));
      const [a, b, c, d] = await take(4);
      const { settled, jobs } = await turn(
        [
          end(a, succeeded),
          end(b, { what: 'retry', at: now, failure: FAILURE, lifo: false }),
          end(c, { what: 'dead', failure: FAILURE, attempts: 3, keep: {} }),
          end(d, { what: 'snoozed', until: now + 1_000 }),
        ],
        4,
      );
      expect(settled).toEqual(Array.from({ length: 4 }, () => ({ kind: 'settled' })));
      expect(jobs.map(({ id, attemptsMade, stacktrace }) => [id, attemptsMade, stacktrace])).toEqual([
        ['e', 0, []],
        ['b', 1, FAILURE.stacktrace],
      ]);
      now += 1_000;
      expect((await take(4)).map(({ id, attemptsMade }) => [id, attemptsMade])).toEqual([['d', 0]]);
    });

    test('a retry waits for its time', async () => {
      await queue.add([job('a')]);
      const [a] = await take(1);
      expect(await turn([end(a, { what: 'retry', at: now + 300, failure: FAILURE, lifo: false })], 1)).toMatchObject({
        jobs: [],
        rest: { kind: 'none', delayedUntil: now + 300 },
      });
      now += 300;
      expect(await take(1)).toMatchObject([{ id: 'a', attemptsMade: 1, attemptsStarted: 2 }]);
    });

    test('what is handed back goes to the head in the order given, its attempts untouched', async () => {
      await queue.add(['a', 'b', 'c'].map(id => job(id)));
      const [a, b] = await take(2);
      await turn([end(a, { what: 'handed-back' }), end(b, { what: 'handed-back' })], 0);
      expect((await take(3)).map(({ id, attemptsMade }) => [id, attemptsMade])).toEqual([
        ['a', 0],
        ['b', 0],
        ['c', 0],
      ]);
    });

    test('an end of somebody who does not hold the job is not written', async () => {
      await queue.add([job('a')]);
      const [a] = await take(1);
      const { settled } = await turn(
        [
          { jobId: 'a', token: 'of another', end: succeeded },
          { jobId: 'never was', token: 'x', end: succeeded },
        ],
        0,
      );
      expect(settled).toEqual([{ kind: 'taken-over' }, { kind: expect.stringMatching(/missing|lock-lost/) as string }]);
      expect((await turn([end(a, succeeded)], 0)).settled).toEqual([{ kind: 'settled' }]);
      expect((await turn([end(a, succeeded)], 0)).settled).not.toEqual([{ kind: 'settled' }]);
    });

    test('one end of a turn is of a job that another holds by now: the others are written, and that job is not', async () => {
      await queue.add(['a', 'b', 'c', 'd'].map(id => job(id)));
      const [a, b, c] = await take(3);
      const lost = { jobId: 'b', token: 'of another', end: succeeded };
      const { settled, jobs } = await turn([end(a, succeeded), lost, end(c, succeeded)], 1);
      expect(settled).toEqual([{ kind: 'settled' }, { kind: 'taken-over' }, { kind: 'settled' }]);
      expect(jobs.map(({ id }) => id)).toEqual(['d']);
      expect((await turn([end(b, succeeded)], 0)).settled).toEqual([{ kind: 'settled' }]);
    });

    test('what is noted with an end is there when the job comes again', async () => {
      await queue.add([job('a')]);
      const [a] = await take(1);
      await turn([end(a, { what: 'snoozed', until: now, progress: '{"waits":1}', data: '{"to":"scrubbed"}' })], 0);
      expect(await take(1)).toMatchObject([{ data: { to: 'scrubbed' }, progress: { waits: 1 } }]);
    });

    test('a run notes its progress and lines, and one that does not hold the job notes nothing', async () => {
      await queue.add([job('a')]);
      const [a] = await take(1);
      const mine = { jobId: 'a', token: a?.token ?? '', lines: ['one', 'two'], mostLines: 9 };
      const said = { from: '0', to: '{"done":1}' };
      expect(
        await queue.note([
          { ...mine, progress: said },
          { ...mine, token: 'of another', progress: { from: '0', to: '5' } },
          { ...mine, jobId: 'never was', lines: ['x'] },
        ]),
      ).toEqual([{ kind: 'noted' }, { kind: 'lost' }, { kind: 'lost' }]);
      await turn([end(a, { what: 'handed-back' })], 0);
      expect(await take(1)).toMatchObject([{ progress: { done: 1 } }]);
    });

    test('what somebody else has noted meanwhile stays, and is told', async () => {
      await queue.add([job('a')]);
      const [a] = await take(1);
      const mine = { jobId: 'a', token: a?.token ?? '', lines: [], mostLines: 9 };
      await queue.note([{ ...mine, progress: { from: '0', to: '{"a":1}' } }]);
      const [answer] = await queue.note([{ ...mine, progress: { from: '0', to: '2' } }]);
      if (answer?.kind !== 'changed') throw new Error('expected to hear of another progress');
      expect(JSON.parse(answer.progress)).toEqual({ a: 1 });
      expect(await queue.note([{ ...mine, progress: { from: answer.progress, to: '2' } }])).toEqual([
        { kind: 'noted' },
      ]);
    });

    test('results of steps are kept with a job for whoever holds it next, and for nobody else', async () => {
      await queue.add([job('a'), job('b')]);
      const [a, b] = await take(2);
      const mine = { jobId: 'a', token: a?.token ?? '' };
      expect(await queue.readSteps(mine)).toEqual(new Map());
      expect(await queue.storeStep({ ...mine, name: 'charge', result: '{"id":1}' })).toBe('stored');
      expect(await queue.storeStep({ ...mine, name: 'note', result: '' })).toBe('stored');
      expect(await queue.storeStep({ ...mine, token: 'of another', name: 'x', result: '1' })).toBe('lost');
      expect(await queue.readSteps({ ...mine, token: 'of another' })).toBeUndefined();
      await turn([end(a, { what: 'retry', at: now, failure: FAILURE, lifo: false })], 0);
      const [again] = await take(1);
      const kept = await queue.readSteps({ jobId: 'a', token: again?.token ?? '' });
      expect(Object.fromEntries(kept ?? [])).toEqual({ charge: '{"id":1}', note: '' });
      expect(await queue.readSteps({ jobId: 'b', token: b?.token ?? '' })).toEqual(new Map());
      const division = { jobId: 'b', token: b?.token ?? '', name: '\u0001divided', result: '1' };
      expect(await queue.storeStep(division)).toBe('stored');
      expect(await queue.stepNames('a')).toEqual(['charge', 'note']);
      expect(await queue.stepNames('b')).toEqual([]);
      expect(await queue.stepNames('none')).toEqual([]);
    });

    test('a turn that is sent again is not done again', async () => {
      await queue.add(['a', 'b'].map(id => job(id)));
      const [a] = await take(1);
      const ends = [end(a, succeeded)];
      const first = await turn(ends, 1, 'once');
      expect(idsOf(first.jobs)).toEqual(['b']);
      // Whoever sends it again has had no answer: for an engine that forgets what was answered it is another turn, which finds nothing.
      const again = await turn(ends, 1, 'once');
      expect(again.jobs.every(({ id }) => id === 'b')).toBe(true);
    });

    test('a lock is extended for its holder alone', async () => {
      await queue.add([job('a')]);
      const [a] = await take(1);
      const held = { jobId: a?.id ?? '', token: a?.token ?? '' };
      expect(
        await queue.extendLocks([held, { ...held, token: 'of another' }, { jobId: 'gone', token: 'x' }], 60_000),
      ).toEqual(['a', 'gone']);
    });

    test('a sign wakes who waits, also one from before', async () => {
      await take(1);
      const waiting = queue.waitForWork(now, undefined, NEVER);
      await queue.add([job('a')]);
      await waiting;
      expect(idsOf(await take(1))).toEqual(['a']);
    });

    test('a wait ends with its signal', async () => {
      await take(1);
      const enough = new AbortController();
      const waiting = queue.waitForWork(now, now + 3_600_000, enough.signal);
      enough.abort();
      await expect(waiting).resolves.toBeUndefined();
    });
  });
}
