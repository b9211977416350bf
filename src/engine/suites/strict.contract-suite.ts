import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../tests/faults/random.ts';
import type { EndKind, GroupLimit, TakenJob } from '../turns/index.ts';
import type { OpenGroupedQueue } from './groups.contract-suite.ts';
import { endOf, GroupedSteps, idsOf } from './grouped-steps.ts';

const FAILURE = { message: 'no', stacktrace: [] };
const STRICT: GroupLimit = { name: 'account', concurrency: 1, strict: true };

/** What a strict order promises on every engine: the job that was started has its group until it has ended for good. Each test gives the times. */
export function strictContract(
  kind: string,
  open: (name: string, limits: readonly GroupLimit[] | undefined) => Promise<OpenGroupedQueue>,
): void {
  describe(`strict groups on ${kind}`, () => {
    let opened: OpenGroupedQueue | undefined;
    let count = 0;
    afterEach(() => opened?.close());

    const start = async (...limits: readonly GroupLimit[]): Promise<GroupedSteps> => {
      opened = await open(`strict-${(count += 1)}`, [STRICT, ...limits]);
      return new GroupedSteps(opened.queue);
    };

    test.each([
      ['waits for its next attempt', 'retry'],
      ['is snoozed', 'snoozed'],
    ] as const)('a job that %s keeps its group, and no other one', async (_, what) => {
      const steps = await start();
      await steps.add('account/a', ['a1', 'a2', 'a3']);
      const first = await steps.one();
      const at = steps.now + 600_000;
      const end: EndKind = what === 'retry' ? { what, at, failure: FAILURE, lifo: false } : { what, until: at };
      expect(await steps.take(9, [endOf(first, end)])).toEqual([]);
      await steps.add('account/b', ['b1']);
      expect(idsOf(await steps.take(9))).toEqual(['b1']);
      // Also those that come after, and after every look that a worker may take meanwhile.
      await steps.add('account/a', ['a4'], { priority: 10 });
      for (let look = 0; look < 9; look += 1) {
        steps.now += 65_000;
        expect(await steps.take(9)).toEqual([]);
      }
      steps.now = at;
      const again = await steps.one();
      expect(again.id).toBe('a1');
      expect((await steps.one([endOf(again)])).id).toBe('a4');
    });

    test('a retry that is due at once comes before all others of its group', async () => {
      const steps = await start();
      await steps.add('account/a', ['a1', 'a2']);
      const first = await steps.one();
      const again = await steps.one([endOf(first, { what: 'retry', at: steps.now, failure: FAILURE, lifo: false })]);
      expect(again).toMatchObject({ id: 'a1', attemptsMade: 1 });
      const third = await steps.one([endOf(again, { what: 'handed-back' })]);
      expect(third.id).toBe('a1');
      expect((await steps.one([endOf(third)])).id).toBe('a2');
    });

    test('a job that is dead frees its group, and one that is replayed comes as the newest', async () => {
      const steps = await start();
      await steps.add('account/a', ['a1', 'a2', 'a3']);
      const first = await steps.one();
      const second = await steps.one([endOf(first, { what: 'dead', failure: FAILURE, attempts: 3, keep: {} })]);
      expect(second.id).toBe('a2');
      await opened?.replay('a1');
      const third = await steps.one([endOf(second)]);
      expect(third.id).toBe('a3');
      expect((await steps.one([endOf(third)])).id).toBe('a1');
    });

    test('a job whose worker is killed keeps its group, and comes again before the others', async () => {
      const steps = await start();
      await steps.add('account/a', ['a1', 'a2']);
      const first = await steps.one();
      await opened?.handBack(first);
      const again = await steps.one();
      expect(again).toMatchObject({ id: 'a1', attemptsStarted: 2 });
      expect((await steps.one([endOf(again)])).id).toBe('a2');
    });

    test('what else keeps the job keeps its group, and it is before the others of its line afterwards', async () => {
      const steps = await start({ name: 'host', concurrency: 1 });
      const { queue } = steps;
      await queue.add([
        steps.job('a1', ['account/a', 'host/x']),
        steps.job('a2', ['account/a', 'host/x'], { priority: 10 }),
        steps.job('a3', ['account/a']),
      ]);
      const first = await steps.one();
      expect(first.id).toBe('a2');
      const at = steps.now + 1_000;
      expect(await steps.take(9, [endOf(first, { what: 'retry', at, failure: FAILURE, lifo: false })])).toEqual([]);
      await queue.pauseGroup('account/a', { by: 'person', until: at + 60_000, probes: false });
      steps.now = at;
      expect(await steps.take(9)).toEqual([]);
      // The place at its host was free meanwhile.
      await steps.add('host/x', ['x1']);
      const other = await steps.one();
      expect(other.id).toBe('x1');
      steps.now += 60_000;
      expect(await steps.take(9)).toEqual([]);
      const again = await steps.one([endOf(other)]);
      expect(again.id).toBe('a2');
      const then = await steps.one([endOf(again)]);
      expect(then.id).toBe('a1');
      expect((await steps.one([endOf(then)])).id).toBe('a3');
    });

    test('a job that is removed while it waits for its next attempt frees its group within a minute', async () => {
      const steps = await start();
      await steps.add('account/a', ['a1', 'a2']);
      const first = await steps.one();
      const at = steps.now + 3_600_000;
      expect(await steps.take(9, [endOf(first, { what: 'retry', at, failure: FAILURE, lifo: false })])).toEqual([]);
      await opened?.remove('a1');
      steps.now += 60_000;
      expect((await steps.one()).id).toBe('a2');
    });

    test.each([1, 2, 3])(
      'any history starts each group in its order, whatever becomes of a job (seed %i)',
      async seed => {
        const random = seededRandom(seed);
        const below = (limit: number): number => Math.floor(random() * limit);
        const steps = await start({ name: 'host', concurrency: 2 });
        const ids = new Map<string, string[]>();
        const ended = new Map<string, string[]>();
        let running: TakenJob[] = [];
        const step = async (): Promise<void> => {
          const ends = running.filter(() => random() < 0.5);
          running = running.filter(job => !ends.includes(job));
          const told = ends.map(job => {
            const dice = random();
            if (dice < 0.15) return endOf(job, { what: 'handed-back' });
            if (dice < 0.3) return endOf(job, { what: 'snoozed', until: steps.now + below(300) });
            if (dice < 0.5)
              return endOf(job, { what: 'retry', at: steps.now + below(300), failure: FAILURE, lifo: false });
            const group = job.id.slice(0, 1);
            ended.set(group, [...(ended.get(group) ?? []), job.id]);
            return dice < 0.6
              ? endOf(job, { what: 'dead', failure: FAILURE, attempts: 3, keep: { count: 0 } })
              : endOf(job);
          });
          const { jobs } = await steps.turn(1 + below(4), told);
          running.push(...jobs);
          if (random() < 0.2 && running.length > 0) {
            const [killed] = running.splice(below(running.length), 1);
            if (killed !== undefined) await opened?.handBack(killed);
          }
          const groups = running.map(({ id }) => id.slice(0, 1));
          expect(new Set(groups).size).toBe(groups.length);
          steps.now += below(60);
        };
        for (let nth = 0; nth < 40; nth += 1) {
          const group = ['a', 'b', 'c'][below(3)] ?? 'a';
          const id = `${group}${String(nth).padStart(2, '0')}`;
          ids.set(group, [...(ids.get(group) ?? []), id]);
          await steps.queue.add([steps.job(id, [`account/${group}`, `host/${below(2)}`])]);
          await step();
        }
        const left = (): number => [...ids.values()].flat().length - [...ended.values()].flat().length;
        for (let looks = 0; left() > 0; looks += 1) {
          expect(looks).toBeLessThan(3_000);
          await step();
        }
        expect(ended).toEqual(ids);
      },
    );
  });
}
