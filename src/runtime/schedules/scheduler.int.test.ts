import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import {
  defineApp,
  defineJob,
  defineSchedule,
  handle,
  type App,
  type ScheduleDefinition,
} from '../../contracts/index.ts';
import { QueueUnavailableError } from '../../queue/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

const report = defineJob({ queue: 'reports', name: 'report', schema: z.object({ day: z.string() }) });
const keyed = defineJob({
  queue: 'reports',
  name: 'keyed-report',
  schema: z.object({ day: z.string() }),
  key: () => ['the-only-one'],
  keyWindow: '1d',
});
const START = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;

describe.each(engineCases)('schedules on $kind', engineCase => {
  let running: RunningApp;
  let store: StateStore;
  let now: number;
  let days: string[];
  let gate: Promise<void>;
  const schedulers: Scheduler[] = [];

  beforeEach(async () => {
    [now, days, gate] = [START, [], Promise.resolve()];
    const app = defineApp({
      jobs: [report, keyed],
      handlers: [
        handle(report, async ({ day }) => {
          days.push(day);
          await gate;
        }),
        handle(keyed, async ({ day }) => {
          days.push(day);
        }),
      ],
    });
    running = await runApp(engineCase, app);
    store = await openState(running.engine);
  });
  afterEach(async () => {
    await Promise.all(schedulers.splice(0).map(scheduler => scheduler.stop()));
    await running.stop();
  });

  function scheduler(
    parts: Partial<ScheduleDefinition<typeof report.schema>>,
    { name = 'one', leaseMs }: { readonly name?: string; readonly leaseMs?: number } = {},
    enqueueFrom: SchedulerOptions['client']['enqueueFrom'] = (origin, requests) =>
      running.client.enqueueFrom(origin, requests),
  ): Scheduler {
    const schedule = defineSchedule({
      name: 'daily',
      job: report,
      data: slot => ({ day: slot.toISOString() }),
      ...(parts.cron === undefined && { every: '1m' as const }),
      ...parts,
    });
    const app: App = defineApp({ jobs: [report, keyed], handlers: [], schedules: [schedule] });
    const { client, facts } = running;
    const made = new Scheduler({
      app,
      client: { enqueueFrom, job: id => client.job(id) },
      store,
      facts,
      name,
      now: () => now,
      tickMs: 10,
      ...(leaseMs && { leaseMs }),
    });
    schedulers.push(made);
    return made;
  }
  const ran = (count: number) => waitFor(`${count} runs`, () => days.length >= count && days.toSorted());

  test('a new schedule begins with its next slot, and each slot becomes one job', async () => {
    const daily = scheduler({});
    await daily.tick();
    for (let minute = 1; minute <= 3; minute += 1) {
      now = START + minute * MINUTE + 5;
      await daily.tick();
      await daily.tick();
    }
    expect(await ran(3)).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-01T00:02:00.000Z', '2026-01-01T00:03:00.000Z']);
  });

  test.each([
    ['the same', 'each day', ['each day', 'each day', 'each day']],
    ['other', undefined, ['2026-01-01T00:01:00.000Z', '2026-01-01T00:02:00.000Z', '2026-01-01T00:03:00.000Z']],
  ])("slots of a job with a key each become a job within the key's window, with %s data", async (_, day, expected) => {
    const daily = scheduler({ job: keyed, data: slot => ({ day: day ?? slot.toISOString() }) });
    await daily.tick();
    for (let minute = 1; minute <= 3; minute += 1) {
      now = START + minute * MINUTE;
      await daily.tick();
    }
    expect(await ran(3)).toEqual(expected);
  });

  test.each([
    ['skip', ['2026-01-01T01:00:00.000Z']],
    ['once', ['2026-01-01T01:00:00.000Z']],
    ['all', ['2026-01-01T00:58:00.000Z', '2026-01-01T00:59:00.000Z', '2026-01-01T01:00:00.000Z']],
  ] as const)('slots that were missed follow the policy "%s"', async (missed, expected) => {
    const daily = scheduler({ missed });
    now = START + 57 * MINUTE;
    await daily.tick();
    now = START + 60 * MINUTE + 5;
    const stated = running.facts.next('schedule.missed');
    await daily.tick();
    expect(await stated).toMatchObject({ schedule: 'daily', slots: 2, policy: missed });
    expect(await ran(expected.length)).toEqual(expected);
  });

  test.each(['skip', 'once', 'all'] as const)(
    'slots that came while the lead changed hands were not missed: each becomes a job, also with "%s"',
    async missed => {
      const rule = { missed, every: '5s' } as const;
      const [one, other] = [scheduler(rule, { leaseMs: 300 }), scheduler(rule, { name: 'other', leaseMs: 300 })];
      await one.tick();
      await other.tick();
      // The leader is gone without a word; the other one looks each second until the lease has lapsed.
      await waitFor('three slots', async () => {
        now = Math.min(now + 1_000, START + 15_000);
        await other.tick();
        return days.length === 3;
      });
      expect(await ran(3)).toEqual([
        '2026-01-01T00:00:05.000Z',
        '2026-01-01T00:00:10.000Z',
        '2026-01-01T00:00:15.000Z',
      ]);
    },
  );

  test.each([
    ['once', '2s', 13, ['2026-01-01T00:00:12.000Z']],
    ['once', '2s', 600, ['2026-01-01T00:10:00.000Z']],
    ['once', '1s', 4, ['2026-01-01T00:00:04.000Z']],
    ['skip', '2s', 5, ['2026-01-01T00:00:02.000Z', '2026-01-01T00:00:04.000Z']],
    ['all', '2s', 5, ['2026-01-01T00:00:02.000Z', '2026-01-01T00:00:04.000Z']],
  ] as const)('"%s" of every %s, when nobody was there for %i s', async (missed, every, seconds, expected) => {
    const before = scheduler({ missed, every });
    await before.tick();
    await before.stop();
    now = START + seconds * 1_000;
    await scheduler({ missed, every }, { name: 'after' }).tick();
    expect(await ran(expected.length)).toEqual(expected);
    await running.client.enqueue(report, { day: 'last' });
    await waitFor('the last', () => days.includes('last'));
    expect(days.length).toBe(expected.length + 1);
  });

  test('a leader that was frozen makes exactly one run with "once"', async () => {
    const often = scheduler({ every: '2s', missed: 'once' });
    await often.tick();
    now = START + 13_000;
    await often.tick();
    expect(await ran(1)).toEqual(['2026-01-01T00:00:12.000Z']);
    now = START + 14_000;
    await often.tick();
    expect(await ran(2)).toHaveLength(2);
  });

  describe('another rule', () => {
    const monday = { cron: '0 9 * * MON', timeZone: 'UTC' } as const;
    const tuesday = { cron: '0 9 * * TUE', timeZone: 'UTC' } as const;
    const WEDNESDAY = Date.parse('2026-01-07T12:00:00Z');
    const NEXT_TUESDAY = Date.parse('2026-01-13T09:00:00Z');

    async function ranLastMonday(): Promise<Scheduler> {
      now = Date.parse('2026-01-05T08:59:59Z');
      const weekly = scheduler(monday);
      await weekly.tick();
      now = Date.parse('2026-01-05T09:00:00Z');
      await weekly.tick();
      await ran(1);
      now = WEDNESDAY;
      await weekly.stop();
      return weekly;
    }

    test('begins with its next slot: what no release ever had was not missed', async () => {
      await ranLastMonday();
      const moved = scheduler(tuesday);
      await moved.tick();
      await moved.tick();
      now = NEXT_TUESDAY;
      await moved.tick();
      expect(await ran(2)).toEqual(['2026-01-05T09:00:00.000Z', '2026-01-13T09:00:00.000Z']);
    });

    test.each([
      ['a zone', { cron: '0 9 * * MON', timeZone: 'America/New_York' }],
      ['another every', { every: '1h' }],
    ] as const)('is %s as well', async (_what, rule) => {
      await ranLastMonday();
      await scheduler(rule).tick();
      await scheduler(rule).tick();
      await running.client.enqueue(report, { day: 'last' });
      expect(await ran(2)).toEqual(['2026-01-05T09:00:00.000Z', 'last']);
    });

    test('is one that was taken away and put back: what came in between was never to be', async () => {
      await ranLastMonday();
      const without = scheduler({ name: 'another' });
      await without.tick();
      await without.stop();
      now = Date.parse('2026-01-14T12:00:00Z');
      const back = scheduler(monday);
      await back.tick();
      await back.tick();
      now = Date.parse('2026-01-19T09:00:00Z');
      await back.tick();
      expect(await ran(2)).toEqual(['2026-01-05T09:00:00.000Z', '2026-01-19T09:00:00.000Z']);
    });

    test('is one that was taken away with all others', async () => {
      await ranLastMonday();
      const none = new Scheduler({
        app: defineApp({ jobs: [report], handlers: [] }),
        client: running.client,
        store,
        facts: running.facts,
        name: 'none',
        now: () => now,
        tickMs: 10,
      });
      schedulers.push(none);
      none.start();
      await waitFor('its word', async () => JSON.stringify(await store.get('schedule', 'daily')).includes('retired'));
      await waitFor('the lead to be given back', async () => (await store.get('scheduler', 'leader')) === undefined);
      now = Date.parse('2026-01-14T12:00:00Z');
      await scheduler(monday).tick();
      await running.client.enqueue(report, { day: 'last' });
      expect(await ran(2)).toEqual(['2026-01-05T09:00:00.000Z', 'last']);
    });

    test('the same rule goes on after a deploy, also from what 0.1 has written', async () => {
      await ranLastMonday();
      const entry = await store.get('schedule', 'daily');
      await store.set('schedule', 'daily', { slot: Date.parse('2026-01-05T09:00:00Z') }, MINUTE);
      expect(entry?.value).toMatchObject({ slot: Date.parse('2026-01-05T09:00:00Z') });
      now = Date.parse('2026-01-13T12:00:00Z');
      await scheduler(monday).tick();
      expect(await ran(2)).toEqual(['2026-01-05T09:00:00.000Z', '2026-01-12T09:00:00.000Z']);
    });
  });

  test.each([365 * 24 * 60 * MINUTE, 10 * MINUTE, 30_000])(
    'a clock that was %i ms ahead for one look leaves no silence behind, and it is stated',
    async aheadMs => {
      const daily = scheduler({});
      await daily.tick();
      now = START + aheadMs;
      await daily.tick();
      const before = days.length;
      now = START + 5_000;
      const stated: number[] = [];
      running.facts.on('schedule.reset', ({ fields }) => stated.push(fields.aheadMs));
      await daily.tick();
      const cursor = await store.get('schedule', 'daily');
      now = START + MINUTE;
      await daily.tick();
      expect(stated).toEqual(aheadMs >= MINUTE ? [aheadMs - 5_000] : []);
      expect(cursor?.value).toMatchObject({ slot: aheadMs >= MINUTE ? START + 5_000 : START });
      await waitFor('the slot of the right time', () => days.includes('2026-01-01T00:01:00.000Z'));
      expect(before).toBeLessThanOrEqual(1);
    },
  );

  test('a slot that was missed alone is dropped by "skip" and made up by "once"', async () => {
    const daily = scheduler({ missed: 'skip', every: '1h' });
    await daily.tick();
    now = START + 62 * MINUTE;
    await daily.tick();
    now = START + 120 * MINUTE + 5;
    await daily.tick();
    expect(await ran(1)).toEqual(['2026-01-01T02:00:00.000Z']);
  });

  test('with overlap "skip" a slot is left out while the job before it has not ended', async () => {
    const opened = Promise.withResolvers<void>();
    gate = opened.promise;
    const daily = scheduler({ overlap: 'skip' });
    await daily.tick();
    now = START + MINUTE;
    await daily.tick();
    await ran(1);
    now = START + 2 * MINUTE;
    const skipped = running.facts.next('schedule.skipped');
    await daily.tick();
    const { jobId } = await skipped;
    const done = running.facts.next('job.succeeded', fields => fields.jobId === jobId);
    opened.resolve();
    await done;
    now = START + 3 * MINUTE;
    await daily.tick();
    expect(await ran(2)).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-01T00:03:00.000Z']);
  });

  test('of two schedulers one leads; when it is gone without a word the other goes on, and no slot is lost or doubled', async () => {
    const [one, other] = [scheduler({}, { leaseMs: 300 }), scheduler({}, { name: 'other' })];
    await one.tick();
    await other.tick();
    now = START + MINUTE;
    await Promise.all([one.tick(), other.tick()]);
    // The leader dies on the tick: its lease lapses.
    now = START + 2 * MINUTE;
    await waitFor('the other to lead', async () => {
      await other.tick();
      return days.length === 2;
    });
    // It was only frozen, and believes that it leads.
    await one.tick();
    now = START + 3 * MINUTE;
    await Promise.all([one.tick(), other.tick()]);
    expect(await ran(3)).toHaveLength(3);
    expect(new Set(days).size).toBe(3);
  });

  test('one whose lease has lapsed while it was slow leads again at once, where nobody else does', async () => {
    const daily = scheduler({});
    await daily.tick();
    await waitFor('the lease to lapse', async () => (await store.get('scheduler', 'leader')) === undefined);
    now = START + MINUTE + 5;
    await daily.tick();
    expect(await ran(1)).toEqual(['2026-01-01T00:01:00.000Z']);
  });

  test.each(['skip', 'once', 'all'] as const)(
    'a slot that gives no job is stated once, and those after it become jobs, also with "%s"',
    async missed => {
      const minute = (slot: Date): number => (slot.getTime() - START) / MINUTE;
      const refused = { day: '2' };
      // What a program without types can give.
      Object.defineProperty(refused, 'day', { value: 2, enumerable: true });
      const data = (slot: Date): { day: string } => {
        if (minute(slot) === 1) throw new Error('no data for the first');
        return minute(slot) === 2 ? refused : { day: `minute ${minute(slot)}` };
      };
      const failed: unknown[] = [];
      running.facts.on('schedule.failed', ({ fields }) => {
        failed.push([fields.slotMs, fields.error.message.slice(0, 40)]);
      });
      const daily = scheduler({ data, missed });
      await daily.tick();
      for (let at = START + MINUTE; at <= START + 3 * MINUTE; at += MINUTE / 2) {
        now = at;
        await daily.tick();
      }
      expect(failed).toEqual([
        [START + MINUTE, 'no data for the first'],
        [START + 2 * MINUTE, 'The data for "report" does not fit its s'],
      ]);
      expect(await ran(1)).toEqual(['minute 3']);
    },
  );

  test('a slot that comes while the engine is away becomes a job afterwards', async () => {
    let away = true;
    const daily = scheduler({}, {}, (origin, requests) =>
      away
        ? Promise.reject(new QueueUnavailableError('reports', 'away'))
        : running.client.enqueueFrom(origin, requests),
    );
    await daily.tick();
    now = START + MINUTE;
    const failed = running.facts.next('schedule.failed');
    await daily.tick();
    expect(await failed).toMatchObject({ slotMs: undefined, error: { code: 'QUEUE_UNAVAILABLE' } });
    away = false;
    await daily.tick();
    expect(await ran(1)).toEqual(['2026-01-01T00:01:00.000Z']);
  });

  test('one schedule whose data its contract refuses is named and stops no other', async () => {
    const bad = defineSchedule({ name: 'bad', job: report, data: { day: 'x' }, every: '1m' });
    const good = defineSchedule({ name: 'good', job: report, data: { day: 'good' }, every: '1m' });
    const broken = { ...bad, dataAt: () => ({ day: 7 }) };
    const app = defineApp({ jobs: [report], handlers: [], schedules: [broken, good] });
    const { client, facts } = running;
    const both = new Scheduler({ app, client, store, facts, name: 'both', now: () => now });
    schedulers.push(both);
    await both.tick();
    now = START + MINUTE;
    const failed = running.facts.next('schedule.failed');
    await both.tick();
    expect(await failed).toMatchObject({ schedule: 'bad', error: { code: 'INVALID_PAYLOAD' } });
    expect(await ran(1)).toEqual(['good']);
  });
});
