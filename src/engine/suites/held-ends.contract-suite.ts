import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contractGroup, FOR_GOOD } from '../turns/index.ts';
import type { GroupLimit, NewJob, TakenJob, TurnAnswer, TurnQueue } from '../turns/index.ts';
import type { OpenGroupedQueue } from './groups.contract-suite.ts';

/** What becomes of jobs that limits and pauses have set aside when they only end. Each test gives the times: none waits for one. */
export function heldEndsContract(
  kind: string,
  open: (name: string, limits: readonly GroupLimit[] | undefined) => Promise<OpenGroupedQueue>,
): void {
  describe(`ends of held jobs on ${kind}`, () => {
    const AGE_MS = 60_000;
    let opened: OpenGroupedQueue;
    let queue: TurnQueue;
    let count = 0;
    let now: number;

    beforeEach(() => {
      now = 1_900_000_000_000;
    });
    afterEach(() => opened.close());

    const start = async (limits: readonly GroupLimit[] | undefined): Promise<void> => {
      opened = await open(`held-ends-${(count += 1)}`, limits);
      ({ queue } = opened);
    };
    const job = (id: string, name = 'call', priority = 20): NewJob => ({
      id,
      name,
      data: '{}',
      opts: { attempts: 3, priority, groups: ['host/a'] } as NewJob['opts'],
      timestamp: now,
    });
    const turn = async (expires: Readonly<Record<string, number>> = {}): Promise<TurnAnswer> => {
      const id = `turn-${(count += 1)}`;
      const take = {
        tokens: [`${id}-1`, `${id}-2`, `${id}-3`],
        worker: 'tester',
        lockMs: 3_600_000,
        maxBytes: 1_000_000,
        expiresAfterMs: new Map(Object.entries(expires)),
      };
      return queue.turn({ id, now, ends: [], take });
    };
    const idsOf = ({ jobs }: TurnAnswer): readonly string[] => jobs.map(({ id }: TakenJob) => id);
    const cancel = async (id: string): Promise<void> => {
      await opened.mark(id, { cancel: { reason: 'enough', by: 'tester' } });
      await queue.bringForward(id);
    };

    test.each([
      ['a limit', [{ name: 'host', concurrency: 1 }]],
      ['a pause', undefined],
    ])('one that %s keeps ends at once when it is cancelled, and those before it wait on', async (_, limits) => {
      await start(limits);
      await queue.add([job('runs'), job('a1'), job('a2'), job('a3')]);
      if (limits === undefined) await queue.pauseGroup('host/a', { by: 'person', until: FOR_GOOD, probes: false });
      expect(idsOf(await turn())).toEqual(limits === undefined ? [] : ['runs']);
      const held = limits === undefined ? 4 : 3;
      expect(await queue.held()).toBe(held);
      expect(await queue.keptBy('a1', ['tenant/x', 'host/a'])).toBe('host/a');
      expect(await queue.keptBy('a1', ['tenant/x'])).toBe(undefined);
      await cancel('a2');
      expect(await queue.keptBy('a2', ['host/a'])).toBe(undefined);
      expect(idsOf(await turn())).toEqual(['a2']);
      expect(await opened.stateOf('a2')).toBe('active');
      expect(idsOf(await turn())).toEqual([]);
      expect(await queue.held()).toBe(held - 1);
    });

    test('one whose contract is paused ends at once when it is cancelled', async () => {
      await start([{ name: 'host', concurrency: 5 }]);
      await queue.pauseGroup(contractGroup('call'), { by: 'person', until: FOR_GOOD, probes: false });
      await queue.add([job('a1'), job('a2')]);
      expect(idsOf(await turn())).toEqual([]);
      await cancel('a2');
      expect(idsOf(await turn())).toEqual(['a2']);
    });

    test('one that is brought forward and does not only end is set aside again, in its place', async () => {
      await start([{ name: 'host', concurrency: 1 }]);
      await queue.add([job('runs'), job('a1'), job('a2')]);
      expect(idsOf(await turn())).toEqual(['runs']);
      await queue.bringForward('a1');
      await queue.bringForward('gone');
      expect(idsOf(await turn())).toEqual([]);
      expect(await queue.held()).toBe(2);
    });

    test('a job that runs keeps its place in its groups when it is cancelled', async () => {
      await start([{ name: 'host', concurrency: 1 }]);
      await queue.add([job('runs'), job('a1')]);
      expect(idsOf(await turn())).toEqual(['runs']);
      await cancel('runs');
      expect(idsOf(await turn())).toEqual([]);
    });

    test('one that a group keeps comes when it is so old that it only ends, and the turn before says when that is', async () => {
      await start([{ name: 'host', concurrency: 1 }]);
      await queue.add([job('runs', 'lasting'), job('b1', 'lasting'), job('a1'), job('low', 'call', 40)]);
      const { rest, ...first } = await turn({ call: AGE_MS });
      expect(idsOf({ ...first, rest })).toEqual(['runs']);
      expect(rest).toMatchObject({ kind: 'none' });
      await queue.pauseGroup('host/a', { by: 'person', until: FOR_GOOD, probes: false });
      now += 10_000;
      const second = await turn({ call: AGE_MS });
      expect(idsOf(second)).toEqual([]);
      now += AGE_MS - 10_000;
      // It may be as old as that.
      const last = await turn({ call: AGE_MS });
      expect(idsOf(last)).toEqual([]);
      expect(last.rest).toEqual({ kind: 'none', delayedUntil: now + 1 });
      now += 1;
      // Nobody says how old they may be while the engine's clock is in doubt.
      expect(idsOf(await turn())).toEqual([]);
      expect(idsOf(await turn({ call: AGE_MS }))).toEqual(['a1', 'low']);
      expect(await queue.held()).toBe(1);
    });

    test('a host that does not know a contract leaves its jobs where they are, and one that knows it ends them', async () => {
      await start([{ name: 'host', concurrency: 1 }]);
      await queue.add([job('runs', 'lasting'), job('a1'), job('a2')]);
      expect(idsOf(await turn({ call: AGE_MS }))).toEqual(['runs']);
      now += AGE_MS + 1;
      expect(idsOf(await turn({ other: AGE_MS }))).toEqual([]);
      expect(await queue.held()).toBe(2);
      now += 120_000;
      expect(idsOf(await turn({ call: AGE_MS }))).toEqual(['a1', 'a2']);
    });
  });
}
