import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../../tests/support/wait-for.ts';
import type { BatchStore, Engine, EndKind, MemberEnd, StoredBatch, TakenJob, TurnQueue } from '../index.ts';

const FAILURE = { message: 'no such mailbox', stacktrace: [] };

/** What every engine keeps of batches. */
export function batchesContract(
  kind: string,
  open: () => Promise<{ readonly engine: Engine; close(): Promise<unknown> }>,
): void {
  describe(`batches on ${kind}`, () => {
    let engine: Engine;
    let close: () => Promise<unknown>;
    let batches: BatchStore;
    let queue: TurnQueue;
    let now: number;
    let count = 0;

    beforeEach(async () => {
      ({ engine, close } = await open());
      batches = await engine.batches();
      queue = await engine.turns('email');
      now = Date.now();
    });
    afterEach(() => close());

    const made = (id = 'batch:1') => batches.create({ id, name: 'newsletter', callbacks: '{"a":1}', at: now });
    const add = (ids: readonly string[]) =>
      queue.add(ids.map(id => ({ id, name: 'greet', data: '{}', opts: {}, timestamp: now })));
    const turn = (ends: readonly (readonly [TakenJob | undefined, EndKind])[], wanted: number) => {
      const id = `turn-${(count += 1)}`;
      return queue.turn({
        id,
        now,
        ends: ends.map(([job, end]) => ({ jobId: job?.id ?? '', token: job?.token ?? '', end })),
        take: {
          tokens: Array.from({ length: wanted }, (_, nth) => `${id}-${nth}`),
          worker: 'tester',
          lockMs: 60_000,
          maxBytes: 1_000_000,
        },
      });
    };
    const member = (jobId: string, state: MemberEnd['state'], at = now): MemberEnd => ({
      batchId: 'batch:1',
      jobId,
      state,
      at,
    });
    /** As whoever settles does: what turns recorded, and what is known besides. */
    const bring = async (...ends: readonly MemberEnd[]): Promise<StoredBatch | undefined> => {
      const [batch] = await batches.bring([...(await batches.unbrought('email')), ...ends], now);
      return batch;
    };

    test('a batch is made once, whoever makes it again is answered the first one', async () => {
      expect(await made()).toMatchObject({ id: 'batch:1', name: 'newsletter', callbacks: '{"a":1}', at: now, open: 0 });
      const again = await batches.create({ id: 'batch:1', name: 'other', callbacks: '{}', at: now + 5 });
      expect(again).toMatchObject({ name: 'newsletter', callbacks: '{"a":1}', at: now });
      expect(await batches.read('batch:2')).toBeUndefined();
    });

    test('ends that turns have written are with the batch once they are brought, each once, however often', async () => {
      await made();
      expect(await batches.addMembers('batch:1', ['a', 'b', 'c', 'd'], now)).toEqual([true, true, true, true]);
      await add(['a', 'b', 'c', 'd', 'other']);
      const { jobs } = await turn([], 5);
      const batch = { id: 'batch:1', at: now };
      const failed = { failure: FAILURE, attempts: 1, keep: {}, batch };
      await turn(
        [
          [jobs[0], { what: 'succeeded', result: '1', keep: { count: 0 }, batch }],
          [jobs[1], { what: 'dead', ...failed }],
          [jobs[2], { what: 'cancelled', ...failed, keep: { count: 5 } }],
          [jobs[4], { what: 'succeeded', result: '1', keep: {} }],
        ],
        0,
      );
      expect(await bring(member('none', 'dead'))).toMatchObject({ open: 1, endedAt: undefined });
      await turn([[jobs[3], { what: 'expired', ...failed }]], 0);
      const over = await bring(member('d', 'expired'));
      expect(over).toMatchObject({ open: 0, endedAt: now });
      expect(over?.ended).toMatchObject({ succeeded: 1, dead: 1, cancelled: 1, expired: 1, gone: 0 });
      expect(await bring(member('a', 'succeeded'), member('d', 'expired'))).toEqual(over);
      const recorded = await batches.unbrought('email');
      await batches.brought('email', recorded);
      expect(await batches.unbrought('email')).toEqual([]);
      expect(await batches.read('batch:1')).toEqual(over);
    });

    test('the ends of several batches that one turn has written are told apart, and what nothing follows from is forgotten', async () => {
      for (const id of ['batch:1', 'batch:2']) await made(id);
      await batches.addMembers('batch:1', ['a', 'c', 'd', 'z'], now);
      await batches.addMembers('batch:2', ['b', 'e'], now);
      await add(['a', 'b', 'c', 'd', 'e', 'other']);
      const { jobs } = await turn([], 6);
      const ended = (nth: number, id?: string, at = now): readonly [TakenJob | undefined, EndKind] => {
        const batch = id === undefined ? undefined : { id, at };
        return [jobs[nth], { what: 'succeeded', result: '1', keep: { count: 5 }, batch }];
      };
      const failed = { failure: FAILURE, attempts: 1, keep: {}, batch: { id: 'batch:1', at: now + 4 } };
      await turn(
        [
          ended(0, 'batch:1'),
          ended(1, 'batch:2', now + 1),
          ended(5),
          ended(2, 'batch:1', now + 2),
          [jobs[3], { what: 'cancelled', ...failed }],
          ended(4, 'batch:2', now + 3),
        ],
        0,
      );
      const recorded = await batches.unbrought('email');
      const of = (id: string, ...ids: readonly string[]): MemberEnd[] =>
        recorded.length > 0
          ? recorded.filter(({ batchId }) => batchId === id)
          : ids.map(jobId => ({ batchId: id, jobId, state: jobId === 'd' ? 'cancelled' : 'succeeded', at: now }));
      const first = of('batch:1', 'a', 'c', 'd');
      expect(first.map(({ jobId, state }) => [jobId, state]).toSorted()).toEqual([
        ['a', 'succeeded'],
        ['c', 'succeeded'],
        ['d', 'cancelled'],
      ]);
      expect(await batches.bring(first, now, 'email')).toEqual([]);
      const second = of('batch:2', 'b', 'e');
      expect(second.map(({ jobId }) => jobId).toSorted()).toEqual(['b', 'e']);
      // Something may follow from these: who brings them forgets them once it has.
      expect(await batches.bring(second, now, 'email')).toMatchObject([{ id: 'batch:2', open: 0 }]);
      expect((await batches.unbrought('email')).map(({ batchId }) => batchId)).toEqual(
        recorded.length > 0 ? ['batch:2', 'batch:2'] : [],
      );
      const times = recorded.map(({ at }) => at - now).toSorted((a, b) => a - b);
      expect(times).toEqual(recorded.length > 0 ? [0, 1, 2, 3, 4] : []);
      expect(await batches.read('batch:1')).toMatchObject({ open: 1, ended: { succeeded: 2, cancelled: 1 } });
    });

    test('the later end of a member counts, in whatever order they are brought', async () => {
      await made();
      await batches.addMembers('batch:1', ['a'], now);
      await bring(member('a', 'dead', now));
      expect((await bring(member('a', 'succeeded', now + 2)))?.ended).toMatchObject({ dead: 0, succeeded: 1 });
      expect((await bring(member('a', 'dead', now + 1)))?.ended).toMatchObject({ dead: 0, succeeded: 1 });
    });

    test('members are added while one has not ended, and afterwards only those that are members already', async () => {
      await made();
      expect(await batches.addMembers('none', ['a'], now)).toBeUndefined();
      await batches.addMembers('batch:1', ['a', 'b'], now);
      await bring(member('a', 'succeeded'));
      expect(await batches.addMembers('batch:1', ['a', 'c', 'b'], now)).toEqual([false, true, true]);
      expect((await batches.openMembers('batch:1', 10)).toSorted()).toEqual(['b', 'c']);
      expect(await batches.openMembers('batch:1', 1)).toHaveLength(1);
      await bring(member('b', 'succeeded'), member('c', 'gone'));
      expect(await batches.addMembers('batch:1', ['d'], now)).toBeUndefined();
      expect(await batches.addMembers('batch:1', ['a', 'c'], now)).toEqual([false, false]);
    });

    test('a job takes the place of a member, once, also in a batch that has ended', async () => {
      await made();
      await batches.addMembers('batch:1', ['a', 'b'], now);
      await bring(member('a', 'succeeded'), member('b', 'dead'));
      expect(await batches.replaceMember('batch:1', 'b', 'c', now + 1)).toBe(true);
      expect(await batches.replaceMember('batch:1', 'b', 'c', now + 2)).toBe(true);
      expect(await batches.replaceMember('batch:1', 'b', 'd', now + 2)).toBe(false);
      expect(await batches.replaceMember('none', 'b', 'c', now + 2)).toBe(false);
      const between = await batches.read('batch:1');
      expect(between).toMatchObject({ open: 1, ended: { succeeded: 1, dead: 0 }, endedAt: now, touchedAt: now + 1 });
      // What a turn has said of the other one comes late, and is of no member.
      await bring(member('b', 'dead'));
      expect((await bring(member('c', 'succeeded', now + 3)))?.ended).toMatchObject({ succeeded: 2, dead: 0 });
    });

    test('a batch with members that go on is answered only while a death may be called back', async () => {
      await made();
      await batches.addMembers('batch:1', ['a', 'b', 'c'], now);
      expect(await bring(member('a', 'succeeded'))).toBeUndefined();
      expect(await bring(member('b', 'dead'))).toMatchObject({ open: 1, called: [] });
      await batches.calledBack('batch:1', ['death']);
      await batches.calledBack('batch:1', ['death']);
      expect(await bring(member('b', 'dead'))).toBeUndefined();
      expect(await batches.read('batch:1')).toMatchObject({ called: ['death'] });
      await batches.calledBack('none', ['death']);
      expect(await batches.read('none')).toBeUndefined();
    });

    test('unfinished ones are looked at in turns, those that are finished no more', async () => {
      for (const id of ['batch:1', 'batch:2', 'batch:3']) await made(id);
      const first = await batches.unfinished(2, now + 1);
      const second = await batches.unfinished(1, now + 2);
      expect([...first, ...second].toSorted()).toEqual(['batch:1', 'batch:2', 'batch:3']);
      await batches.finished('batch:2');
      expect((await batches.unfinished(9, now + 3)).toSorted()).toEqual(['batch:1', 'batch:3']);
    });

    test('a walk meets all that may still call back, in parts; a finished one is none of them and keeps what it is told to', async () => {
      const ids = Array.from({ length: 300 }, (_, nth) => `batch:${String(nth).padStart(3, '0')}`);
      for (const id of ids) await made(id);
      const walk = async (): Promise<readonly string[]> => {
        const met = new Set<string>();
        for (let from: string | undefined, more = true; more; more = from !== undefined) {
          const page = await batches.pending({ from, most: 100 });
          for (const id of page.ids) met.add(id);
          from = page.next;
        }
        return [...met].toSorted();
      };
      expect(await walk()).toEqual(ids);
      await batches.finished('batch:000');
      await batches.finished('batch:001', '{"a":0}');
      expect(await walk()).toEqual(ids.slice(2));
      expect(await batches.read('batch:000')).toMatchObject({ callbacks: '{"a":1}' });
      expect(await batches.read('batch:001')).toMatchObject({ callbacks: '{"a":0}' });
    });

    test('what is to be called back is changed where it is as it was read, and of no batch that is gone', async () => {
      await made();
      expect(await batches.changeCallbacks('batch:1', '{"a":2}', '{}')).toBe(false);
      expect(await batches.read('batch:1')).toMatchObject({ callbacks: '{"a":1}' });
      expect(await batches.changeCallbacks('batch:1', '{"a":1}', '{}')).toBe(true);
      expect(await batches.read('batch:1')).toMatchObject({ callbacks: '{}' });
      expect(await batches.changeCallbacks('batch:2', '{}', '{"a":1}')).toBe(false);
      await batches.finished('batch:2', '{"a":1}');
      expect(await batches.read('batch:2')).toBeUndefined();
    });

    test('of 20 who bring the last two ends at once somebody is answered that it is over', async () => {
      await made();
      await batches.addMembers('batch:1', ['a', 'b'], now);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, nth) => batches.bring([member(nth % 2 === 0 ? 'a' : 'b', 'succeeded')], now)),
      );
      expect(answers.flat().some(({ open: left }) => left === 0)).toBe(true);
      const over = await waitFor('the batch', () => batches.read('batch:1'));
      expect(over).toMatchObject({ open: 0, ended: { succeeded: 2 }, endedAt: now });
    });
  });
}
