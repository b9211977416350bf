// Long because each promise of turns is one test, over the same few steps.
import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../tests/faults/random.ts';
import { FOR_GOOD, type GroupLimit, type NewJob, type TakenJob } from '../turns/index.ts';
import type { OpenGroupedQueue } from './groups.contract-suite.ts';
import { endOf, GroupedSteps, idsOf } from './grouped-steps.ts';

const FAIR: GroupLimit = { name: 'tenant', fair: true };
const CANCELLED = { cancel: { at: 1, by: 'me' } };

/** What a job is added with by whoever knows its contract. */
function share(weight?: number): NewJob['opts'] {
  return { fair: { limit: 'tenant', ...(weight !== undefined && { weight }) } };
}

/** What groups that take turns promise on every engine, also where no limit keeps any of them. Each test gives the times. */
export function fairContract(
  kind: string,
  open: (name: string, limits: readonly GroupLimit[] | undefined) => Promise<OpenGroupedQueue>,
): void {
  describe(`groups that take turns on ${kind}`, () => {
    let opened: OpenGroupedQueue | undefined;
    let count = 0;
    afterEach(() => opened?.close());

    const start = async (...limits: readonly GroupLimit[]): Promise<GroupedSteps> => {
      opened = await open(`fair-${(count += 1)}`, limits.length === 0 ? [FAIR] : limits);
      return new GroupedSteps(opened.queue);
    };
    const ids = (group: string, many: number): readonly string[] =>
      Array.from({ length: many }, (_, nth) => `${group}${String(nth).padStart(3, '0')}`);
    const addTo = (steps: GroupedSteps, group: string, many: number, opts = share()): Promise<unknown> =>
      steps.add(`tenant/${group}`, ids(group, many), opts);
    /** Takes one job after the other, and ends each at once. */
    const inOrder = async (steps: GroupedSteps, most: number): Promise<readonly string[]> => {
      const taken: string[] = [];
      while (taken.length < most) {
        const [job] = await steps.take(1);
        if (job === undefined) break;
        taken.push(job.id);
        await steps.turn(0, [endOf(job)]);
      }
      return taken;
    };
    const groupsIn = (taken: readonly string[]): string => taken.map(id => id.slice(0, 1)).join('');

    test('a group with a great many jobs in front delays the others by a turn each, and each keeps its own order', async () => {
      const steps = await start();
      await addTo(steps, 'a', 300);
      for (const group of ['b', 'c', 'd']) await addTo(steps, group, 2);
      const taken = await inOrder(steps, 12);
      expect([...groupsIn(taken.slice(0, 4))].toSorted().join('')).toBe('abcd');
      expect([...groupsIn(taken.slice(4, 8))].toSorted().join('')).toBe('abcd');
      expect(groupsIn(taken.slice(8))).toBe('aaaa');
      expect(taken.filter(id => id.startsWith('a'))).toEqual(ids('a', 6));
    });

    test('a turn that ends before all whose turn it is were served leaves the others where they stand', async () => {
      const steps = await start();
      for (const group of ['a', 'b', 'c', 'd', 'e']) await addTo(steps, group, 3);
      const taken: string[] = [];
      for (let nth = 0; nth < 15; nth += 1) {
        const tokens = [0, 1, 2, 3, 4].map(each => `short-${nth}-${each}`);
        const take = { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1 };
        const { jobs } = await steps.queue.turn({ id: `short-${nth}`, now: steps.now, ends: [], take });
        taken.push(...idsOf(jobs));
        expect(taken).toHaveLength(nth + 1);
      }
      for (const from of [0, 5, 10])
        expect([...groupsIn(taken.slice(from, from + 5))].toSorted().join('')).toBe('abcde');
      for (const group of ['a', 'e']) expect(taken.filter(id => id.startsWith(group))).toEqual(ids(group, 3));
      expect(await steps.take(5)).toEqual([]);
    });

    test('many slots are shared as one is', async () => {
      const steps = await start();
      await addTo(steps, 'a', 100);
      for (const group of ['b', 'c', 'd']) await addTo(steps, group, 10);
      const taken = groupsIn(idsOf(await steps.take(20)));
      expect([...taken].toSorted().join('')).toBe('aaaaabbbbbcccccddddd');
    });

    test('a group of weight 3 starts three jobs where one of weight 1 starts one', async () => {
      const steps = await start();
      await addTo(steps, 'a', 60, share(3));
      await addTo(steps, 'b', 60);
      const taken = groupsIn(await inOrder(steps, 40));
      const ofA = [...taken].filter(group => group === 'a').length;
      expect(ofA).toBeGreaterThanOrEqual(29);
      expect(ofA).toBeLessThanOrEqual(31);
      // Not one after the other at first: they are mixed.
      expect(taken.slice(0, 8)).toContain('b');
    });

    test('a weight may lie between two whole numbers', async () => {
      const steps = await start();
      await addTo(steps, 'a', 60, share(1.5));
      await addTo(steps, 'b', 60);
      const ofA = [...groupsIn(await inOrder(steps, 50))].filter(group => group === 'a').length;
      expect(ofA).toBeGreaterThanOrEqual(29);
      expect(ofA).toBeLessThanOrEqual(31);
    });

    test('a group of more weight that is at its limit now and then starts as many as its weight says', async () => {
      const steps = await start({ ...FAIR, concurrency: 2 });
      await addTo(steps, 'a', 100, share(3));
      for (const group of ['b', 'c']) await addTo(steps, group, 100);
      let running = await steps.take(3);
      let taken = groupsIn(idsOf(running));
      while (taken.length < 103) {
        const [first, ...others] = running;
        if (first === undefined) throw new Error('nothing runs');
        const next = await steps.take(1, [endOf(first)]);
        running = [...others, ...next];
        taken += groupsIn(idsOf(next));
      }
      const ofA = taken.slice(3).replaceAll(/[^a]/g, '').length;
      expect(ofA).toBeGreaterThanOrEqual(58);
      expect(ofA).toBeLessThanOrEqual(62);
    });

    test('a group that comes again and again with one job wins nothing by it', async () => {
      const steps = await start();
      await addTo(steps, 'a', 100);
      await addTo(steps, 'b', 100);
      let taken = '';
      for (let nth = 0; nth < 30; nth += 1) {
        await steps.add('tenant/c', [`c${nth}`], share());
        taken += groupsIn(await inOrder(steps, 1));
      }
      for (const group of 'abc') expect([...taken].filter(each => each === group).length).toBeGreaterThanOrEqual(8);
    });

    test('a lower number of priority comes first, whichever group has it', async () => {
      const steps = await start();
      await addTo(steps, 'a', 3);
      await addTo(steps, 'b', 3);
      await steps.add('tenant/b', ['urgent'], { ...share(), priority: 10 });
      expect((await inOrder(steps, 1))[0]).toBe('urgent');
      expect(await inOrder(steps, 9)).toHaveLength(6);
    });

    test('where lines hold jobs of several priorities each, none starts before one of a lower number, however many start at once', async () => {
      for (const [at, wanted] of [1, 4, 50].entries()) {
        const steps = await start();
        for (const group of ['a', 'b', 'c', 'd', 'e']) {
          for (const priority of [9, 40, 20, 40]) {
            await steps.add(`tenant/${group}`, [`${group}${at}-${priority}-${(count += 1)}`], { ...share(), priority });
          }
        }
        const taken: string[] = [];
        while (taken.length < 20) {
          const jobs = await steps.take(wanted);
          if (jobs.length === 0) break;
          taken.push(...idsOf(jobs));
        }
        const priorities = taken.map(id => Number(id.split('-')[1]));
        expect(priorities).toEqual([9, 20, 40, 40].flatMap(priority => Array.from({ length: 5 }, () => priority)));
        expect(groupsIn(taken.slice(10, 15)).split('').toSorted().join('')).toBe('abcde');
        await opened?.close();
        opened = undefined;
      }
    });

    test('nothing of it is held, and what a limit of its group keeps is; others go on', async () => {
      const steps = await start({ ...FAIR, concurrency: 2 });
      const { queue } = steps;
      await addTo(steps, 'a', 10);
      await addTo(steps, 'b', 1);
      expect(await queue.held()).toBe(0);
      expect(await opened?.stateOf('a000')).toMatch(/waiting|prioritized/);
      const running = await steps.take(9);
      expect(groupsIn(idsOf(running).toSorted())).toBe('aab');
      expect(await queue.held()).toBe(8);
      expect(await queue.keptBy('a005', ['tenant/a'])).toBe('tenant/a');
      const [first] = running.filter(({ id }) => id === 'a000');
      if (first === undefined) throw new Error('a000 does not run');
      expect(idsOf(await steps.take(9, [endOf(first)]))).toEqual(['a002']);
    });

    test('why a job of it waits is said by what the last turn saw, whatever clock the server has', async () => {
      const steps = await start({ ...FAIR, rate: { max: 1, perMs: 60_000 } });
      steps.now = 1_700_000_000_000;
      await addTo(steps, 'a', 3);
      expect(idsOf(await steps.take(9))).toEqual(['a000']);
      expect(await steps.queue.held()).toBe(2);
      expect(await steps.queue.keptBy('a001', ['tenant/a'])).toBe('tenant/a');
    });

    test('what another limit sets aside in a turn may start in that turn, and is lost to nobody', async () => {
      const steps = await start(FAIR, { name: 'room', concurrency: 2 });
      await steps.add('room/b', ids('j', 3));
      const running = await steps.take(9);
      expect(idsOf(running)).toEqual(['j000', 'j001']);
      // Behind the one that waits for room, and seen first in the turn in which both have it.
      await steps.add('room/b', ['k']);
      const next = await steps.take(
        9,
        running.map(job => endOf(job)),
      );
      expect(idsOf(next)).toEqual(['j002', 'k']);
      expect(await steps.queue.held()).toBe(0);
    });

    test('a paused group starts nothing and keeps nobody, and what is cancelled in it ends at once', async () => {
      const steps = await start();
      const { queue } = steps;
      await queue.pauseGroup('tenant/a', { by: 'person', until: FOR_GOOD, probes: false });
      await addTo(steps, 'a', 5);
      await addTo(steps, 'b', 1);
      expect(await inOrder(steps, 9)).toEqual(['b000']);
      expect(await queue.held()).toBe(5);
      await opened?.mark('a003', CANCELLED);
      await queue.bringForward('a003');
      expect(await inOrder(steps, 9)).toEqual(['a003']);
      await queue.resumeGroup('tenant/a', 'person');
      expect(await inOrder(steps, 9)).toEqual(['a000', 'a001', 'a002', 'a004']);
      expect(await queue.held()).toBe(0);
    });

    test('a job that is to end at its time ends then, wherever in its line it stands', async () => {
      const steps = await start();
      const { queue } = steps;
      await queue.pauseGroup('tenant/a', { by: 'person', until: FOR_GOOD, probes: false });
      await steps.add('tenant/a', ['a1', 'a2'], { fair: { limit: 'tenant', expiresMs: 60_000 } });
      const look = async () => {
        const tokens = [`look-${(count += 1)}`];
        const take = {
          tokens,
          worker: 'tester',
          lockMs: 60_000,
          maxBytes: 1_000,
          expiresAfterMs: new Map([['call', 60_000]]),
        };
        return (await queue.turn({ id: `look-${count}`, now: steps.now, ends: [], take })).jobs;
      };
      expect(await look()).toEqual([]);
      steps.now += 60_001;
      const ended = [...(await look()), ...(await look())];
      expect(idsOf(ended).toSorted()).toEqual(['a1', 'a2']);
    });

    test('jobs of other programs, retries and what is handed back await their turn as all others do', async () => {
      const steps = await start();
      // With its groups, without its share.
      await steps.add('tenant/a', ids('a', 150));
      await addTo(steps, 'b', 4);
      const first = await steps.take(2);
      expect([...groupsIn(idsOf(first))].toSorted().join('')).toBe('ab');
      const [a, b] = first.toSorted((one, other) => (one.id < other.id ? -1 : 1));
      if (a === undefined || b === undefined) throw new Error('two should run');
      await steps.turn(0, [
        endOf(a, { what: 'retry', at: steps.now, failure: { message: 'no', stacktrace: [] }, lifo: false }),
        endOf(b, { what: 'handed-back' }),
      ]);
      const taken = await inOrder(steps, 6);
      expect(groupsIn(taken).replaceAll('a', '')).toBe('bbb');
      expect(taken.filter(id => id.startsWith('b'))).toEqual(['b000', 'b001', 'b002']);
    });

    // Nobody else has the memory of this process.
    test.skipIf(kind === 'memory')(
      'a job that another program takes out of its line and puts back comes again',
      async () => {
        const steps = await start();
        await addTo(steps, 'a', 2);
        const other = await open(`fair-${count}`, undefined);
        const take = { tokens: ['other'], worker: 'other', lockMs: 3_600_000, maxBytes: 1_000 };
        const [taken] = (await other.queue.turn({ id: 'other', now: steps.now, ends: [], take })).jobs;
        if (taken === undefined) throw new Error('nothing was taken');
        expect(taken.id).toBe('a000');
        // Its place in the line means nothing by now.
        expect(await inOrder(steps, 9)).toEqual(['a001']);
        await other.handBack(taken);
        await other.close();
        expect(await inOrder(steps, 9)).toEqual(['a000']);
      },
    );

    test('jobs that belong to no group take turns as one', async () => {
      const steps = await start();
      await addTo(steps, 'a', 60);
      await steps.queue.add(['f1', 'f2', 'f3'].map(id => steps.job(id, [])));
      await steps.add('host/x', ['g1']);
      const taken = groupsIn(await inOrder(steps, 8));
      expect([...taken].toSorted().join('')).toBe('aaaafffg');
      expect(await inOrder(steps, 99)).toHaveLength(56);
    });

    test('a job of no group that is changed while it awaits its turn stands where it belongs', async () => {
      const steps = await start();
      await addTo(steps, 'a', 3);
      await steps.queue.add(['f1', 'f2', 'f3'].map(id => steps.job(id, [])));
      expect(await inOrder(steps, 1)).toHaveLength(1);
      await steps.queue.change('f3', steps.now, ({ opts }) => ({ opts: { ...opts, priority: 10 }, priority: 10 }));
      expect(await inOrder(steps, 1)).toEqual(['f3']);
      expect(await inOrder(steps, 9)).toHaveLength(4);
    });

    test('a job that is changed while it awaits its turn stands where it belongs', async () => {
      const steps = await start();
      await addTo(steps, 'a', 3);
      await addTo(steps, 'b', 3);
      await steps.queue.change('a002', steps.now, ({ opts }) => ({ opts: { ...opts, priority: 10 }, priority: 10 }));
      await steps.queue.change('a000', steps.now, ({ opts }) => ({ opts: { ...opts, groups: ['tenant/c'] } }));
      await steps.queue.change('b000', steps.now, ({ opts }) => ({ opts, dueAt: steps.now + 60_000 }));
      const taken = await inOrder(steps, 9);
      expect(taken[0]).toBe('a002');
      expect(taken.slice(1).toSorted()).toEqual(['a000', 'a001', 'b001', 'b002']);
      steps.now += 60_000;
      expect(await inOrder(steps, 9)).toEqual(['b000']);
    });

    test('a strict group takes turns, too', async () => {
      const steps = await start({ ...FAIR, concurrency: 1, strict: true });
      await addTo(steps, 'a', 9);
      await addTo(steps, 'b', 2);
      const running = await steps.take(9);
      expect(idsOf(running).toSorted()).toEqual(['a000', 'b000']);
      const [a] = running.filter(({ id }) => id === 'a000');
      if (a === undefined) throw new Error('a000 does not run');
      const at = steps.now + 1_000;
      expect(
        await steps.take(9, [endOf(a, { what: 'retry', at, failure: { message: 'no', stacktrace: [] }, lifo: false })]),
      ).toEqual([]);
      steps.now = at;
      expect(idsOf(await steps.take(9))).toEqual(['a000']);
    });

    test.each([1, 2, 3])(
      'any history loses no job, keeps limits, and gives each group its share (seed %i)',
      async seed => {
        const random = seededRandom(seed);
        const below = (limit: number): number => Math.floor(random() * limit);
        const steps = await start({ ...FAIR, concurrency: 3 }, { name: 'host', concurrency: 4 });
        const groups = ['a', 'b', 'c', 'd'];
        const added = new Set<string>();
        const ended = new Set<string>();
        let running: TakenJob[] = [];
        const step = async (): Promise<void> => {
          const ends = running.filter(() => random() < 0.5);
          running = running.filter(job => !ends.includes(job));
          const told = ends.map(job => {
            const dice = random();
            if (dice < 0.15) return endOf(job, { what: 'handed-back' });
            if (dice < 0.3) return endOf(job, { what: 'snoozed', until: steps.now + below(300) });
            ended.add(job.id);
            return endOf(job);
          });
          const { jobs } = await steps.turn(1 + below(6), told);
          running.push(...jobs);
          for (const group of groups)
            expect(running.filter(({ id }) => id.startsWith(group)).length).toBeLessThanOrEqual(3);
          steps.now += below(80);
        };
        for (let nth = 0; nth < 40; nth += 1) {
          const group = groups[below(random() < 0.6 ? 1 : 4)] ?? 'a';
          const fresh = Array.from({ length: 1 + below(4) }, (_, place) => `${group}${nth}-${place}`);
          for (const id of fresh) added.add(id);
          const opts = {
            ...(random() < 0.8 ? share(1 + below(3)) : {}),
            ...(random() < 0.2 && { delay: 1 + below(200) }),
          };
          const host = random() < 0.5 ? [`host/${below(2)}`] : [];
          await steps.queue.add(fresh.map(id => steps.job(id, [`tenant/${group}`, ...host], opts)));
          await step();
        }
        for (let looks = 0; ended.size < added.size; looks += 1) {
          expect(looks).toBeLessThan(5_000);
          await step();
        }
        expect(ended).toEqual(added);
        expect(await steps.queue.held()).toBe(0);
      },
    );
  });
}
