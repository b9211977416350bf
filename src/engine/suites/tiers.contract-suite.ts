import { afterEach, describe, expect, test } from 'vitest';
import { tierOf, type GroupLimit, type NewJob } from '../turns/index.ts';
import type { OpenGroupedQueue } from './groups.contract-suite.ts';
import { endOf, GroupedSteps, idsOf } from './grouped-steps.ts';

const TIERED: GroupLimit = { name: 'tenant', concurrency: 1, tiered: true };

function brings(numbers: Parameters<typeof tierOf>[0]): NewJob['opts'] {
  return { tiers: { tenant: tierOf(numbers) } };
}

/** What numbers of each group promise on every engine: its jobs bring them along. Each test gives the times. */
export function tiersContract(
  kind: string,
  open: (name: string, limits: readonly GroupLimit[] | undefined) => Promise<OpenGroupedQueue>,
): void {
  describe(`tiers on ${kind}`, () => {
    let opened: OpenGroupedQueue | undefined;
    let count = 0;
    afterEach(() => opened?.close());

    const start = async (limit: GroupLimit = TIERED): Promise<GroupedSteps> => {
      opened = await open(`tiers-${(count += 1)}`, [limit]);
      return new GroupedSteps(opened.queue);
    };
    const ids = (group: string, many: number): readonly string[] =>
      Array.from({ length: many }, (_, nth) => `${group}${nth}`);
    const groupsIn = (taken: readonly string[]): string =>
      taken
        .map(id => id.slice(0, 1))
        .toSorted()
        .join('');

    test('each group has as many at once as its jobs say; one that says nothing has the limit’s own', async () => {
      const steps = await start();
      await steps.add('tenant/a', ids('a', 9), brings({ concurrency: 3 }));
      await steps.add('tenant/b', ids('b', 9), brings({ concurrency: 2 }));
      await steps.add('tenant/c', ids('c', 9));
      const running = await steps.take(30);
      expect(groupsIn(idsOf(running))).toBe('aaabbc');
      const [a] = running.filter(({ id }) => id.startsWith('a'));
      if (a === undefined) throw new Error('nothing of a runs');
      expect(idsOf(await steps.take(30, [endOf(a)]))).toEqual(['a3']);
    });

    test.each([
      ['in lines that limits make', undefined],
      ['in lines that groups take turns by', { limit: 'tenant' }],
    ] as const)(
      'a group that has got more by its newest job starts more at once, and one that has got less no more (%s)',
      async (_, fair) => {
        const steps = await start(fair === undefined ? TIERED : { ...TIERED, fair: true });
        const share = fair === undefined ? {} : { fair };
        await steps.add('tenant/a', ids('a', 9), { ...share, ...brings({ concurrency: 1 }) });
        const [first, ...more] = await steps.take(9);
        expect([first?.id, more]).toEqual(['a0', []]);
        steps.now += 10;
        await steps.add('tenant/a', ['new'], { ...share, ...brings({ concurrency: 4 }) });
        const others = await steps.take(9);
        expect(idsOf(others)).toEqual(['a1', 'a2', 'a3']);
        steps.now += 10;
        await steps.add('tenant/a', ['less'], { ...share, ...brings({ concurrency: 2 }) });
        expect(await steps.take(9)).toEqual([]);
        const [second, third] = others;
        if (first === undefined || second === undefined || third === undefined) throw new Error('four should run');
        expect(await steps.take(9, [endOf(first), endOf(second)])).toEqual([]);
        expect(idsOf(await steps.take(9, [endOf(third)]))).toEqual(['a4']);
      },
    );

    test('a number that means “as many as there are” is one', async () => {
      const most = Number.MAX_SAFE_INTEGER;
      const steps = await start();
      await steps.add('tenant/a', ids('a', 9), brings({ concurrency: most }));
      await steps.add('tenant/b', ids('b', 9), brings({ rate: { max: most, perMs: 60_000 } }));
      expect(groupsIn(idsOf(await steps.take(30)))).toBe('aaaaaaaaab');
    });

    test.each([
      ['a rate without its times', [0, 5]],
      ['no number', [Number.NaN]],
      ['less than nothing', [-1]],
      ['half a job', [0.5]],
      ['half a start', [0, 1.5, 1_000, 1, 1]],
      ['nothing', []],
    ])(
      'numbers that another program has stored and that are none (%s) stop nobody: the limit’s own hold',
      async (_, tier) => {
        const steps = await start();
        await steps.add('tenant/a', ids('a', 3), { tiers: { tenant: tier } });
        await steps.add('tenant/b', ids('b', 2), brings({ concurrency: 2 }));
        const running = await steps.take(9);
        expect(groupsIn(idsOf(running))).toBe('abb');
        const [a] = running.filter(({ id }) => id === 'a0');
        if (a === undefined) throw new Error('a0 does not run');
        expect(idsOf(await steps.take(9, [endOf(a)]))).toEqual(['a1']);
      },
    );

    test('each group has the rate that its jobs say', async () => {
      const steps = await start({ name: 'tenant', tiered: true });
      await steps.add('tenant/a', ids('a', 40), brings({ rate: { max: 20, perMs: 1_000 } }));
      await steps.add('tenant/b', ids('b', 40), brings({ rate: { max: 5, perMs: 1_000 } }));
      await steps.add('tenant/c', ids('c', 3));
      const starts: string[] = [];
      const begun = steps.now;
      while (steps.now < begun + 2_000) {
        const taken = await steps.take(9);
        starts.push(...idsOf(taken));
        await steps.turn(
          0,
          taken.map(job => endOf(job)),
        );
        steps.now += 10;
      }
      const of = (group: string): number => starts.filter(id => id.startsWith(group)).length;
      expect(of('c')).toBe(3);
      expect(of('a')).toBeGreaterThanOrEqual(37);
      expect(of('a')).toBeLessThanOrEqual(41);
      expect(of('b')).toBeGreaterThanOrEqual(9);
      expect(of('b')).toBeLessThanOrEqual(11);
    });
  });
}
