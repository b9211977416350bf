import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engineCases } from '../../../tests/support/engines.ts';
import { openSchedules, type ScheduleStore } from '../../schedules/index.ts';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { openState } from '../../state/index.ts';
import { digest, HOUR, RunTimeTrial } from './at-run-time.contract-suite.ts';
import { keyed, MINUTE, ScheduleTrial, START } from './schedule-trial.contract-suite.ts';
import { readUnreadable } from './unreadable-schedules.ts';

/** What concerns the engine: ids, leases and cursors. What a scheduler decides is in scheduler.test.ts. */
describe.each(engineCases)('schedules on $kind', engineCase => {
  let trial: ScheduleTrial;
  beforeEach(async () => {
    trial = await ScheduleTrial.open(engineCase);
  });
  afterEach(() => trial.close());

  test("each slot of a job with a key becomes one job within the key's window, although it is looked at twice", async () => {
    const daily = trial.scheduler({ job: keyed });
    await daily.tick();
    for (let minute = 1; minute <= 2; minute += 1) {
      trial.now = START + minute * MINUTE;
      await daily.tick();
      await daily.tick();
    }
    expect(await trial.ran(2)).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-01T00:02:00.000Z']);
  });

  test('of two schedulers one leads; when it is gone without a word the other goes on, and no slot is lost or doubled', async () => {
    const [one, other] = [trial.scheduler({}, { leaseMs: 300 }), trial.scheduler({}, { name: 'other' })];
    await one.tick();
    await other.tick();
    trial.now = START + MINUTE;
    await Promise.all([one.tick(), other.tick()]);
    await trial.ran(1);
    // The leader dies on the tick: its lease lapses.
    trial.now = START + 2 * MINUTE;
    await waitFor('the other to lead', async () => {
      await other.tick();
      return trial.days.length === 2;
    });
    // It was only frozen, and believes that it leads.
    await one.tick();
    trial.now = START + 3 * MINUTE;
    await Promise.all([one.tick(), other.tick()]);
    expect(await trial.ran(3)).toHaveLength(3);
    expect(new Set(trial.days).size).toBe(3);
  });
});

describe.each(engineCases)('schedules that are made at run time on $kind', engineCase => {
  let trial: RunTimeTrial;
  beforeEach(async () => {
    trial = await RunTimeTrial.open(engineCase);
  });
  afterEach(() => trial.close());

  test('they are kept, changed by one at a time, listed by name, paused, resumed and removed', async () => {
    const { schedules } = trial.client;
    const names = ['b:1', 'b:10', 'b:2', 'a', 'é', 'c'];
    await Promise.all(names.map(name => schedules.upsert(name, { job: digest({ user: name }), every: '1h' })));
    // Of so many at once most meet another that was quicker, several times.
    const by = Array.from({ length: 40 }, (_, each) =>
      schedules.upsert('a', { job: digest({ user: `${each}` }), every: '1h', by: `${each}` }),
    );
    await Promise.all(by);
    expect((await schedules.list({ limit: 4 })).schedules.map(({ name }) => name)).toEqual(['a', 'b:1', 'b:10', 'b:2']);
    const rest = await schedules.list({ limit: 4, after: 'b:2' });
    expect(rest.schedules.map(({ name }) => name)).toEqual(['c', 'é']);
    expect((await schedules.list({ prefix: 'b:', after: 'b:1' })).schedules).toHaveLength(2);
    expect(await schedules.pause('a', { by: 'ops' })).toBe(true);
    expect(await schedules.get('a')).toMatchObject({ paused: { by: 'ops' }, nextAt: undefined });
    expect(await schedules.resume('a')).toBe(true);
    expect((await schedules.get('a'))?.nextAt).toBeGreaterThan(trial.now);
    expect(await schedules.remove('a')).toBe(true);
    expect(await schedules.get('a')).toBeUndefined();
  });

  test('those that were dealt with by a clock that was ahead begin anew, of many each, and say so', async () => {
    const { client, facts } = trial;
    const users = Array.from({ length: 1_050 }, (_, each) => `user-${each}`);
    await client.schedules.upsertMany(users.map(user => ({ name: user, job: digest({ user }), every: '1h' as const })));
    const reset = new Set<string>();
    facts.on('schedule.reset', ({ fields }) => void reset.add(fields.schedule));
    const scheduler = await trial.scheduler();
    const now = trial.now;
    trial.now = now + 3 * HOUR;
    await waitFor('the schedules of that time', async () => {
      await scheduler.tick();
      return (await openSchedules(trial.engine).figures(trial.now)).due === 0;
    });
    trial.now = now;
    await waitFor('each to begin anew', async () => {
      await scheduler.tick();
      return reset.size === users.length;
    });
    const { firstDueAt = 0 } = await openSchedules(trial.engine).figures(now);
    expect(firstDueAt).toBeLessThanOrEqual(now + HOUR);
    expect((await client.schedules.get('user-1049'))?.nextAt).toBeLessThanOrEqual(now + HOUR);
  });

  test('of many that are due at once each slot becomes one job, whoever leads and wherever a leader dies', async () => {
    const { client } = trial;
    const users = Array.from({ length: 450 }, (_, each) => `user-${each}`);
    const made = users.map(user => ({ name: user, job: digest({ user }), every: '1h' as const }));
    expect(await client.schedules.upsertMany(made)).toHaveLength(users.length);
    trial.now = (Math.floor(trial.now / HOUR) + 1) * HOUR;
    const store = openSchedules(trial.engine);
    let written = 0;
    const dies = await trial.scheduler({
      leaseMs: 100,
      schedules: {
        ...store,
        put: async changes => {
          // The jobs of its second batch are queued, and nobody wrote that down.
          if ((written += 1) > 1) throw new Error('it was killed');
          return store.put(changes);
        },
      },
    });
    await expect(dies.tick()).rejects.toThrow('it was killed');
    const [one, other] = [await trial.scheduler({ name: 'two' }), await trial.scheduler({ name: 'three' })];
    const nextSlots = async (): Promise<readonly unknown[]> => {
      const { schedules } = await client.schedules.list({ limit: 1_000 });
      return [...new Set(schedules.map(({ nextAt }) => nextAt))];
    };
    // Not the jobs: all of them are queued when it dies.
    await waitFor('the others to write down what it has queued', async () => {
      await Promise.all([one.tick(), other.tick()]);
      const next = await nextSlots();
      return next.length === 1 && next[0] === trial.now + HOUR;
    });
    // It was only frozen, and believes that it leads.
    await dies.tick().catch(() => undefined);
    await one.tick();
    expect(await trial.queued()).toEqual(users.toSorted());
    expect(await nextSlots()).toEqual([trial.now + HOUR]);
  });
});

describe.each([...engineCases, inMemory])('a record that cannot be read, on $kind', engineCase => {
  test('a thousand of them at the head of what is due stand aside, are named, and hold nobody up; each can be made anew and removed', async () => {
    const trial = await RunTimeTrial.open(engineCase);
    try {
      const { schedules } = trial.client;
      await schedules.upsert('z', { job: digest({ user: 'ada' }), every: '1h' });
      const store = openSchedules(trial.engine);
      await damaged(store, 1_100);
      trial.now += HOUR;
      const stated = trial.facts.next('schedules.unreadable');
      const scheduler = await trial.scheduler();
      // A look ends after two seconds, also with half of them, and the next one goes on.
      const looksUntil = (count: number): Promise<unknown> =>
        waitFor(`${count} jobs`, async () => {
          await scheduler.tick();
          return (await trial.queued()).length >= count;
        });
      await looksUntil(1);
      expect(await trial.queued()).toEqual(['ada']);
      expect(await stated).toMatchObject({ schedules: 1_000, names: expect.arrayContaining(['a0000']) });
      expect((await store.figures(trial.now)).due).toBe(0);
      expect((await store.figures(trial.now + 10 * MINUTE)).due).toBeGreaterThanOrEqual(1_100);

      const met = async () => readUnreadable(await openState(trial.engine), store);
      expect((await met()).length).toBeGreaterThanOrEqual(100);
      expect(await met()).toContain('a0000');

      const first = await schedules.list({ limit: 1_000 });
      expect(first).toMatchObject({ schedules: [], next: 'a0999' });
      expect(first.unreadable).toHaveLength(1_000);
      const rest = await schedules.list({ limit: 1_000, after: 'a0999' });
      expect(rest).toMatchObject({ schedules: [{ name: 'z' }], next: undefined });
      expect(await schedules.upsert('a0000', { job: digest({ user: 'bob' }), every: '1h' })).toMatchObject({
        name: 'a0000',
      });
      expect(await schedules.remove('a0001')).toBe(true);
      expect((await met()).filter(name => name === 'a0000' || name === 'a0001')).toEqual([]);
      trial.now += 2 * HOUR;
      await looksUntil(3);
      expect(await trial.queued()).toEqual(['ada', 'ada', 'bob']);
    } finally {
      await trial.close();
    }
  });
});

/** As a release to come may write them. */
async function damaged(store: ScheduleStore, count: number): Promise<void> {
  await store.put(
    Array.from({ length: count }, (_, nth) => ({
      name: `a${String(nth).padStart(4, '0')}`,
      version: 0,
      schedule: JSON.parse('{"from":"a later release"}'),
      dueAt: 1,
    })),
  );
}
