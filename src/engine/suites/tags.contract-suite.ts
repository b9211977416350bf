import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EndKind, NewJob, TurnQueue, UnfinishedJob, UnfinishedState } from '../turns/index.ts';
import type { OpenTurnQueue } from './turns.contract-suite.ts';

export interface OpenTaggedQueue extends OpenTurnQueue {
  /** Removes a job as another program does, without a word to anybody. */
  remove(id: string): Promise<unknown>;
}

const ONE = 'a'.repeat(22);
const TWO = 'b'.repeat(22);

/** What the index of tags promises on every engine. */
export function tagsContract(kind: string, open: (name: string) => Promise<OpenTaggedQueue>): void {
  describe(`tags on ${kind}`, () => {
    let opened: OpenTaggedQueue;
    let queue: TurnQueue;
    let count = 0;
    const now = Date.now();

    beforeEach(async () => {
      opened = await open(`tags-${(count += 1)}`);
      ({ queue } = opened);
    });
    afterEach(() => opened.close());

    const job = (id: string, tg?: string, opts: NewJob['opts'] = {}): NewJob => ({
      id,
      name: 'greet',
      data: '{}',
      opts: { attempts: 1, priority: 20, ...opts, ...(tg !== undefined && { tg }) },
      timestamp: now,
    });
    const tagged = async (digests: readonly string[], most: number): Promise<readonly string[]> =>
      (await queue.tagged({ digests, most })).ids;
    const end = async (kindOf: EndKind): Promise<void> => {
      const id = `turn-${(count += 1)}`;
      const take = { tokens: [id], worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 };
      const { jobs } = await queue.turn({ id, now, ends: [], take });
      const ends = jobs.map(({ id: jobId, token }) => ({ jobId, token, end: kindOf }));
      await queue.turn({ id: `${id}-end`, now, ends, take: undefined });
    };

    test('jobs are found by their tags, the newest first: those that wait and those that are delayed', async () => {
      await queue.add([job('j1', ONE), job('j2', `${ONE} ${TWO}`), job('j3', TWO, { delay: 60_000 }), job('j4')]);
      expect(await tagged([ONE], 10)).toEqual(['j2', 'j1']);
      expect(await tagged([TWO], 10)).toEqual(['j3', 'j2']);
      expect(await tagged([TWO], 1)).toEqual(['j3']);
      expect(await tagged([ONE, TWO], 10)).toEqual(['j2']);
      expect(await tagged(['c'.repeat(22)], 10)).toEqual([]);
    });

    test('a job that has ended is found until its retention has removed it', async () => {
      await queue.add([job('j1', ONE), job('j2', ONE), job('j3', `${ONE} ${TWO}`)]);
      await end({ what: 'succeeded', result: 'null', keep: { count: -1 } });
      expect(await tagged([ONE], 10)).toEqual(['j3', 'j2', 'j1']);
      await end({ what: 'succeeded', result: 'null', keep: { count: 1 } });
      expect(await tagged([ONE], 10)).toEqual(['j3', 'j2']);
      await end({ what: 'succeeded', result: 'null', keep: { count: 0 } });
      expect(await tagged([ONE], 10)).toEqual(['j2']);
      expect(await tagged([TWO], 10)).toEqual([]);
    });

    test('one that another program has removed is not found, and a job of its id that comes later has its own tags', async () => {
      await queue.add([job('j1', ONE), job('j2', ONE), job('j3', ONE)]);
      await opened.remove('j2');
      expect(await tagged([ONE], 10)).toEqual(['j3', 'j1']);
      await opened.remove('j3');
      await queue.sweepTags();
      await queue.add([job('j3', TWO)]);
      expect(await tagged([ONE], 10)).toEqual(['j1']);
      expect(await tagged([TWO], 10)).toEqual(['j3']);
    });

    test('adding a job again changes nothing', async () => {
      await queue.add([job('j1', ONE)]);
      await queue.add([job('j1', TWO)]);
      expect([await tagged([ONE], 10), await tagged([TWO], 10)]).toEqual([['j1'], []]);
    });

    test('a job whose data changed while it waits is found by its new tags: it was updated, or took over a later call', async () => {
      const deduplication = { id: 'key', keep: 'last', for: 0 } as const;
      await queue.add([job('j1', ONE, { deduplication }), job('j2', ONE)]);
      await queue.add([job('j3', TWO, { deduplication })]);
      await queue.change('j2', now, ({ opts }) => ({
        opts: { ...opts, tg: TWO },
        priority: undefined,
        dueAt: undefined,
      }));
      expect([await tagged([ONE], 10), await tagged([TWO], 10)]).toEqual([[], ['j2', 'j1']]);
      await queue.change('j2', now, ({ opts }) => ({
        opts: { ...opts, tg: undefined },
        priority: undefined,
        dueAt: undefined,
      }));
      expect(await tagged([TWO], 10)).toEqual(['j1']);
    });

    test('of more jobs than one look has the newest are found', async () => {
      const ids = Array.from({ length: 1_200 }, (_, index) => `j${String(index).padStart(4, '0')}`);
      await queue.add(ids.map(id => job(id, ONE)));
      expect(await tagged([ONE], 1_000)).toEqual(ids.toReversed().slice(0, 1_000));
      expect(await tagged([ONE, TWO], 10)).toEqual([]);
    });

    test('pages by tag and contract have every job once, and move nothing while others come', async () => {
      const named = (id: string, name: string): NewJob => ({ ...job(id, ONE), name });
      await queue.add(Array.from({ length: 9 }, (_, nth) => named(`j${nth}`, nth % 3 === 0 ? 'wave' : 'greet')));
      const first = await queue.tagged({ digests: [ONE], most: 4, name: 'greet' });
      expect(first.ids).toEqual(['j8', 'j7', 'j5', 'j4']);
      await queue.add([named('j9', 'greet')]);
      const rest = await queue.tagged({ digests: [ONE], most: 4, name: 'greet', before: first.next });
      expect(rest).toEqual({ ids: ['j2', 'j1'], next: undefined });
      expect((await queue.tagged({ digests: [ONE], most: 1, name: 'wave' })).ids).toEqual(['j6']);
    });

    test('a walk meets all that have not ended, in the states that are asked for, with their tags', async () => {
      const ids = Array.from({ length: 700 }, (_, nth) => `w${nth}`);
      await queue.add(ids.map(id => job(id, ONE)));
      await queue.add([job('d1', undefined, { delay: 60_000 }), job('d2', TWO, { delay: 60_000 })]);
      const take = { tokens: ['a', 'b'], worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 };
      const { jobs } = await queue.turn({ id: `walk-${(count += 1)}`, now, ends: [], take });
      const running = jobs.map(({ id }) => id);
      const walk = async (...states: readonly UnfinishedState[]) => {
        const met: UnfinishedJob[] = [];
        for (let from: string | undefined, more = true; more; more = from !== undefined) {
          const page = await queue.unfinished({ states, from, most: 100 });
          met.push(...page.jobs);
          from = page.next;
        }
        return met;
      };
      const all = await walk('delayed', 'waiting', 'running');
      expect(new Set(all.map(({ id }) => id))).toEqual(new Set([...ids, 'd1', 'd2']));
      expect((await walk('running')).map(({ id, state }) => [id, state]).toSorted()).toEqual(
        running.map(id => [id, 'running']).toSorted(),
      );
      const delayed = (await walk('delayed')).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      expect(delayed).toMatchObject([
        { id: 'd1', name: 'greet', state: 'delayed', timestamp: now },
        { id: 'd2', opts: { tg: TWO }, startedAt: undefined },
      ]);
      expect(running).toHaveLength(2);
      const holding = await queue.unfinished({ states: ['delayed'], from: undefined, most: 100, holds: TWO });
      expect(holding).toMatchObject({ jobs: [{ id: 'd2', opts: { tg: TWO } }], looked: 2, next: undefined });
    });
  });
}
