// Long because every engine passes the same list of claims about groups, and each claim is a test here.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../tests/faults/random.ts';
import { contractGroup, FOR_GOOD, groupsOf } from '../turns/index.ts';
import type {
  End,
  EndKind,
  GroupLimit,
  GroupedOptions,
  NewJob,
  TakenJob,
  TurnAnswer,
  TurnQueue,
} from '../turns/index.ts';

export interface OpenGroupedQueue {
  readonly queue: TurnQueue;
  /** What an operator's tool says of a job: BullMQ's states. */
  stateOf(id: string): Promise<string>;
  /** Writes marks on a job, in its progress. */
  mark(id: string, progress: object): Promise<unknown>;
  /** As an operator's tools do it: BullMQ's own verbs. */
  remove(id: string): Promise<unknown>;
  replay(id: string): Promise<unknown>;
  /** As a supervisor does for a worker that was killed. */
  handBack(job: TakenJob): Promise<unknown>;
  close(): Promise<unknown>;
}

const LOCK_MS = 3_600_000;
const DONE: EndKind = { what: 'succeeded', result: 'true', keep: {} };

/**
 * What limits of groups promise on every engine, where jobs are taken. Each test gives the times: none waits for one. Long because limits, pauses and
 * the order of groups decide about one take together: all of its claims use the same few verbs.
 */
export function groupsContract(
  kind: string,
  open: (name: string, limits: readonly GroupLimit[] | undefined) => Promise<OpenGroupedQueue>,
): void {
  describe(`groups on ${kind}`, () => {
    let opened: OpenGroupedQueue | undefined;
    let queue: TurnQueue;
    let count = 0;
    let now: number;

    beforeEach(() => {
      now = 1_900_000_000_000;
    });
    afterEach(() => opened?.close());

    const start = async (...limits: readonly GroupLimit[]): Promise<void> => {
      opened = await open(`groups-${(count += 1)}`, limits);
      ({ queue } = opened);
    };
    const job = (id: string, groups: readonly string[], opts: NewJob['opts'] = {}): NewJob => ({
      id,
      name: 'call',
      data: '{}',
      opts: { attempts: 3, priority: 20, ...(groups.length > 0 && { groups }), ...opts },
      timestamp: now,
    });
    const jobs = (group: string, ...ids: readonly string[]): readonly NewJob[] => ids.map(id => job(id, [group]));
    const turn = (wanted: number, ends: readonly End[] = [], id = `turn-${(count += 1)}`): Promise<TurnAnswer> => {
      const tokens = Array.from({ length: wanted }, (_, nth) => `${id}-${nth}`);
      const take = { tokens, worker: 'tester', lockMs: LOCK_MS, maxBytes: 1_000_000 };
      return queue.turn({ id, now, ends, take: wanted === 0 ? undefined : take });
    };
    /** Everything that may start now, however many looks it takes. */
    const take = async (wanted: number, ends: readonly End[] = []): Promise<readonly TakenJob[]> => {
      const taken: TakenJob[] = [];
      let answer = await turn(wanted, ends);
      for (;;) {
        taken.push(...answer.jobs);
        if (answer.rest?.kind !== 'more' || taken.length >= wanted) return taken;
        answer = await turn(wanted - taken.length);
      }
    };
    const end = ({ id, token, opts }: TakenJob, what: EndKind = DONE): End => ({
      jobId: id,
      token,
      end: what,
      groups: groupsOf(opts),
    });
    const idsOf = (taken: readonly TakenJob[]): readonly string[] => taken.map(({ id }) => id);

    test('no more jobs of a group run at once than may; the others are not started, and those of other groups go on', async () => {
      await start({ name: 'host', concurrency: 2 });
      await queue.add([...jobs('host/a', 'a1', 'a2', 'a3', 'a4'), ...jobs('host/b', 'b1'), job('free', [])]);
      const running = await take(9);
      expect(idsOf(running).toSorted()).toEqual(['a1', 'a2', 'b1', 'free']);
      expect(await opened?.stateOf('a3')).toMatch(/waiting|prioritized/);
      const [first] = running.filter(({ id }) => id === 'a1');
      if (first === undefined) throw new Error('a1 does not run');
      const next = await take(1, [end(first)]);
      expect(next).toMatchObject([{ id: 'a3', attemptsStarted: 1, attemptsMade: 0 }]);
      expect(await take(9)).toEqual([]);
    });

    test.each([
      ['a retry', { what: 'retry', at: 0, failure: { message: 'no', stacktrace: [] }, lifo: false }],
      ['a snooze', { what: 'snoozed', until: 0 }],
      ['a dead one', { what: 'dead', failure: { message: 'no', stacktrace: [] }, attempts: 3, keep: {} }],
      ['one that is handed back', { what: 'handed-back' }],
    ] as const)('%s leaves its place among those that run', async (_, what) => {
      await start({ name: 'host', concurrency: 1 });
      await queue.add(jobs('host/a', 'a1', 'a2'));
      const [first] = await take(2);
      if (first === undefined) throw new Error('nothing runs');
      const later = what.what === 'snoozed' ? { ...what, until: now + 60_000 } : what;
      const next = await take(2, [end(first, later)]);
      expect(next).toHaveLength(1);
      now += 120_000;
      const [again] = next;
      if (again === undefined) throw new Error('nothing runs');
      const third = await take(2, [end(again)]);
      expect(third).toHaveLength(what.what === 'dead' ? 0 : 1);
    });

    test('starts of a group follow its rate, which it reaches; the queue says when the next one is due', async () => {
      await start({ name: 'host', rate: { max: 10, perMs: 1_000 } });
      await queue.add(
        jobs('host/a', ...Array.from({ length: 40 }, (_, index) => `job-${String(index).padStart(2, '0')}`)),
      );
      const starts: { readonly id: string; readonly at: number }[] = [];
      const begun = now;
      while (starts.length < 40) {
        const { jobs: taken, rest } = await turn(5);
        for (const each of taken) {
          starts.push({ id: each.id, at: now });
          await turn(0, [end(each)]);
        }
        if (taken.length > 0) continue;
        expect(rest).toMatchObject({ kind: 'none', delayedUntil: expect.any(Number) });
        now = rest?.kind === 'none' ? (rest.delayedUntil ?? now) : now;
      }
      expect(starts.map(({ id }) => id)).toEqual(starts.map(({ id }) => id).toSorted());
      for (const { at } of starts)
        expect(starts.filter(other => other.at > at - 1_000 && other.at <= at).length).toBeLessThanOrEqual(10);
      expect(now - begun).toBeLessThanOrEqual(3.95 * 1_000);
    });

    test('a queue with destinations reaches its whole rate, and no second holds more, whatever its destinations let run at once', async () => {
      const rate = { max: 20, perMs: 1_000 };
      await start({ name: '', rate }, { name: 'destination', concurrency: 3 });
      await queue.add(Array.from({ length: 120 }, (_, nth) => job(`job-${nth}`, [`destination/host-${nth % 4}`])));
      const starts: number[] = [];
      let running: TakenJob[] = [];
      while (starts.length < 120) {
        const { jobs: taken, rest } = await turn(
          8,
          running.map(each => end(each)),
        );
        running = [...taken];
        starts.push(...taken.map(() => now));
        now += rest?.kind === 'limited' ? rest.forMs : 1;
      }
      for (const at of starts)
        expect(starts.filter(other => other > at - 1_000 && other <= at).length).toBeLessThanOrEqual(20);
      // 99 of 100: a margin lies between two windows.
      expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeLessThanOrEqual((119 / 20) * 1_000 * 1.02);
    });

    test('a host whose clock is ahead makes no room for one whose clock is right: what a rate needs to know stays', async () => {
      await start({ name: 'host', rate: { max: 20, perMs: 100 } });
      const ids = Array.from({ length: 22 }, (_, nth) => `a${nth}`);
      await queue.add(jobs('host/a', ...ids));
      const begun = now;
      const at = async (ms: number): Promise<readonly string[]> => {
        now = begun + ms;
        return idsOf((await turn(1)).jobs);
      };
      for (const [nth, id] of ids.slice(0, 20).entries()) expect(await at(5 * nth)).toEqual([id]);
      // By its clock the windows of the first two are over; by the other's that of the second is not.
      expect(await at(109)).toEqual(['a20']);
      expect(await at(104)).toEqual([]);
      expect(await at(115)).toEqual(['a21']);
    });

    // Nothing is on its way to the memory of this process.
    test.skipIf(kind === 'memory')(
      'a turn that an outage has kept on its way counts by the time at which it comes, and not by that at which it was sent',
      async () => {
        await start({ name: 'host', rate: { max: 2, perMs: 60_000 } });
        await queue.add(jobs('host/a', 'a1', 'a2', 'a3'));
        now = Date.now();
        expect(idsOf(await take(2))).toEqual(['a1', 'a2']);
        // Older than the window: what was started since would seem to lie in a time that never was.
        now -= 200_000;
        expect(idsOf(await take(1))).toEqual([]);
      },
    );

    test('the rate of the queue counts every job', async () => {
      await start({ name: '', rate: { max: 2, perMs: 1_000 } }, { name: 'host', concurrency: 1 });
      await queue.add([...jobs('host/a', 'a1'), ...jobs('host/b', 'b1'), job('free', [])]);
      const begun = now;
      const starts: number[] = [];
      while (starts.length < 3) {
        const { jobs: taken, rest } = await turn(5);
        starts.push(...taken.map(() => now - begun));
        if (rest?.kind === 'limited') now += rest.forMs;
      }
      expect(starts[2]).toBeGreaterThanOrEqual(1_000);
    });

    test('a job of several groups starts when all of them let it, and keeps nobody else meanwhile', async () => {
      await start({ name: 'host', concurrency: 1 }, { name: 'tenant', concurrency: 1 });
      await queue.add([
        job('both', ['host/a', 'tenant/x']),
        job('second', ['host/a', 'tenant/y']),
        job('third', ['host/b', 'tenant/x']),
        job('other', ['host/b', 'tenant/z']),
      ]);
      const running = await take(9);
      expect(idsOf(running).toSorted()).toEqual(['both', 'other']);
      const [both, other] = running.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      if (both === undefined || other === undefined) throw new Error('two should run');
      expect(idsOf(await take(9, [end(both)]))).toEqual(['second']);
      expect(idsOf(await take(9, [end(other)]))).toEqual(['third']);
    });

    test('a paused group starts nothing until it is resumed, and its pause ends by itself', async () => {
      await start({ name: 'host' });
      await queue.pauseGroup('host/a', { by: 'breaker', until: now + 10_000, probes: false });
      await queue.add([...jobs('host/a', 'a1', 'a2'), ...jobs('host/b', 'b1')]);
      expect(idsOf(await take(9))).toEqual(['b1']);
      now += 9_999;
      expect(await take(9)).toEqual([]);
      now += 1;
      expect(idsOf(await take(9))).toEqual(['a1', 'a2']);
      await queue.pauseGroup('host/b', { by: 'breaker', until: Number.MAX_SAFE_INTEGER, probes: false });
      await queue.add(jobs('host/b', 'b2'));
      now += 86_400_000;
      expect(await take(9)).toEqual([]);
      await queue.resumeGroup('host/b', 'breaker');
      expect(idsOf(await take(9))).toEqual(['b2']);
    });

    test('a pause that is found out about lets one job through at a time, and says so, until the group is resumed', async () => {
      await start({ name: 'host' });
      await queue.pauseGroup('host/a', { by: 'breaker', until: now + 10_000, probes: true });
      await queue.add(jobs('host/a', 'a1', 'a2', 'a3'));
      now += 10_000;
      const [probe, ...more] = await take(9);
      expect(probe).toMatchObject({ id: 'a1', probing: true });
      expect(more).toEqual([]);
      if (probe === undefined) throw new Error('nothing probes');
      const [second] = await take(9, [end(probe)]);
      expect(second).toMatchObject({ id: 'a2', probing: true });
      await queue.resumeGroup('host/a', 'breaker');
      const [third] = await take(9);
      expect(third?.id).toBe('a3');
      expect(third?.probing).not.toBe(true);
    });

    test('a pause that is said anew to end sooner ends then', async () => {
      await start({ name: 'host' });
      await queue.pauseGroup('host/a', { by: 'breaker', until: now + 3_600_000, probes: true });
      await queue.add(jobs('host/a', 'a1', 'a2'));
      expect(await take(9)).toEqual([]);
      await queue.pauseGroup('host/a', { by: 'breaker', until: now, probes: true });
      expect(await take(9)).toMatchObject([{ id: 'a1', probing: true }]);
    });

    test('a group is paused by each for himself; who has paused it, and how many jobs are held, can be asked', async () => {
      await start({ name: 'host' });
      await queue.pauseGroup('host/a', { by: 'breaker', until: now + 1_000, probes: true });
      await queue.pauseGroup('host/a', { by: 'person', until: FOR_GOOD, probes: false });
      await queue.add(jobs('host/a', 'a1', 'a2'));
      expect(await take(9)).toEqual([]);
      expect(await queue.held()).toBe(2);
      expect((await queue.pauses()).toSorted((a, b) => a.by.localeCompare(b.by))).toEqual([
        { group: 'host/a', by: 'breaker', until: now + 1_000, probes: true },
        { group: 'host/a', by: 'person', until: FOR_GOOD, probes: false },
      ]);
      await queue.resumeGroup('host/a', 'breaker');
      now += 60_000;
      expect(await take(9)).toEqual([]);
      await queue.resumeGroup('host/a', 'person');
      expect(idsOf(await take(9))).toEqual(['a1', 'a2']);
      expect(await queue.pauses()).toEqual([]);
      expect(await queue.held()).toBe(0);
    });

    test('all groups of a limit can be paused by its name alone', async () => {
      await start({ name: 'host' });
      await queue.pauseGroup('host', { by: 'person', until: FOR_GOOD, probes: false });
      await queue.add([...jobs('host/a', 'a1'), ...jobs('host/b', 'b1'), ...jobs('hosts/a', 'other'), job('free', [])]);
      expect(idsOf(await take(9))).toEqual(['other', 'free']);
      now += 120_000;
      expect(await take(9)).toEqual([]);
      await queue.resumeGroup('host', 'person');
      expect(idsOf(await take(9)).toSorted()).toEqual(['a1', 'b1']);
    });

    test('on a queue without limits, too, the jobs of a contract or a group can be paused, and nothing is left of it afterwards', async () => {
      opened = await open(`groups-${(count += 1)}`, undefined);
      ({ queue } = opened);
      await queue.add([job('call-1', []), { ...job('mail-1', []), name: 'mail' }, job('a1', ['host/a'])]);
      await queue.pauseGroup(contractGroup('call'), { by: 'person', until: FOR_GOOD, probes: false });
      const [mail, ...others] = await take(9);
      expect(mail?.id).toBe('mail-1');
      expect(others).toEqual([]);
      await queue.resumeGroup(contractGroup('call'), 'person');
      await queue.pauseGroup('host/a', { by: 'person', until: FOR_GOOD, probes: false });
      const [call] = await take(9);
      expect(call?.id).toBe('call-1');
      expect(await queue.held()).toBe(1);
      await queue.resumeGroup('host/a', 'person');
      const [last] = await take(9);
      expect(last).toMatchObject({ id: 'a1', attemptsStarted: 1 });
      if (mail === undefined || call === undefined || last === undefined) throw new Error('three should run');
      expect(
        await take(
          1,
          [mail, call, last].map(each => end(each)),
        ),
      ).toEqual([]);
      await queue.add(jobs('host/a', 'a2'));
      expect(idsOf(await take(9))).toEqual(['a2']);
      expect(await queue.held()).toBe(0);
    });

    test('a job that was stored without its groups goes back with them, and is decided by them from then on', async () => {
      await start({ name: 'host', concurrency: 1 });
      await queue.add([job('foreign', []), ...jobs('host/a', 'a1')]);
      const running = await take(2);
      expect(idsOf(running)).toEqual(['foreign', 'a1']);
      const [foreign, own] = running;
      if (foreign === undefined || own === undefined) throw new Error('two should run');
      const opts: GroupedOptions = { ...foreign.opts, groups: ['host/a'] };
      expect(await take(2, [end(foreign, { what: 'handed-back', opts })])).toEqual([]);
      const [again] = await take(2, [end(own)]);
      expect(again).toMatchObject({ id: 'foreign', attemptsMade: 0, opts: { groups: ['host/a'] } });
    });

    test('a thousand jobs that must wait keep nobody who was added after them, and lose their order to nobody', async () => {
      await start({ name: 'host', concurrency: 1 });
      const ids = Array.from({ length: 1_000 }, (_, index) => `a${String(index).padStart(4, '0')}`);
      await queue.add(jobs('host/a', ...ids));
      const [running] = await take(1);
      expect(running?.id).toBe('a0000');
      await queue.add(jobs('host/b', 'b1'));
      // As many looks as a turn may take are not enough: a few turns are.
      expect(idsOf(await take(2))).toEqual(['b1']);
      // From then on nobody meets them any more.
      await queue.add(jobs('host/c', 'c1'));
      expect(idsOf((await turn(1)).jobs)).toEqual(['c1']);
      if (running === undefined) throw new Error('nothing runs');
      expect(idsOf(await take(1, [end(running)]))).toEqual(['a0001']);
    });

    test('groups take turns, and a lower number of priority comes first', async () => {
      await start({ name: 'host', concurrency: 1 }, { name: 'all', concurrency: 1 });
      await queue.add([job('first', ['all/x'])]);
      const [first] = await take(1);
      if (first === undefined) throw new Error('nothing runs');
      await queue.pauseGroup('host/a', { by: 'breaker', until: now + 10, probes: false });
      await queue.pauseGroup('host/b', { by: 'breaker', until: now + 10, probes: false });
      await queue.add([
        ...jobs('host/a', 'a1', 'a2'),
        ...jobs('host/b', 'b1'),
        job('high', ['host/b'], { priority: 10 }),
      ]);
      expect(await take(9)).toEqual([]);
      now += 10;
      const running = await take(9);
      expect(idsOf(running).toSorted()).toEqual(['a1', 'high']);
    });

    test.each([1, 2, 3])(
      'any history keeps every limit in every window, loses no job, and ends (seed %i)',
      async seed => {
        const random = seededRandom(seed);
        const below = (limit: number): number => Math.floor(random() * limit);
        const rate = { max: 1 + below(6), perMs: 200 + below(800) };
        const limits = { host: 1 + below(3), tenant: 1 + below(2) };
        await start({ name: 'host', concurrency: limits.host, rate }, { name: 'tenant', concurrency: limits.tenant });
        const added: string[] = [];
        const starts = new Map<string, { readonly id: string; readonly at: number }[]>();
        let running: TakenJob[] = [];
        const ended = new Set<string>();
        const look = async (): Promise<TurnAnswer> => {
          const ends = running.filter(() => random() < 0.4);
          running = running.filter(each => !ends.includes(each));
          const told = ends.map(each => {
            const dice = random();
            if (dice < 0.15) return end(each, { what: 'handed-back' });
            if (dice < 0.3) return end(each, { what: 'snoozed', until: now + below(300) });
            ended.add(each.id);
            return end(each);
          });
          const answer = await turn(1 + below(8), told);
          for (const taken of answer.jobs) {
            running.push(taken);
            for (const group of groupsOf(taken.opts)) {
              starts.set(group, [...(starts.get(group) ?? []), { id: taken.id, at: now }]);
              const most = group.startsWith('host/') ? limits.host : limits.tenant;
              expect(running.filter(each => groupsOf(each.opts).includes(group)).length).toBeLessThanOrEqual(most);
            }
          }
          return answer;
        };
        for (let step = 0; step < 60; step += 1) {
          const fresh = Array.from({ length: below(3) }, () => {
            const id = `job-${String(added.length).padStart(3, '0')}`;
            added.push(id);
            const groups = [`host/${below(3)}`, ...(random() < 0.5 ? [`tenant/${below(3)}`] : [])];
            return job(id, random() < 0.1 ? [] : groups);
          });
          if (fresh.length > 0) await queue.add(fresh);
          await look();
          now += below(120);
        }
        for (let step = 0; ended.size < added.length; step += 1) {
          expect(step).toBeLessThan(5_000);
          const { rest } = await look();
          now += rest?.kind === 'none' ? Math.max(1, Math.min((rest.delayedUntil ?? now) - now, 200)) : 1;
        }
        for (const [group, of] of starts) {
          if (!group.startsWith('host/')) continue;
          for (const { at } of of) {
            expect(of.filter(other => other.at <= at && other.at > at - rate.perMs).length).toBeLessThanOrEqual(
              rate.max,
            );
          }
        }
        expect(running).toEqual([]);
      },
    );
  });
}
