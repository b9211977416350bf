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
      every: '1m',
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
      const often = scheduler({ missed, every: '5s' });
      await often.tick();
      now = START + 15_000;
      await often.tick();
      expect(await ran(3)).toEqual([
        '2026-01-01T00:00:05.000Z',
        '2026-01-01T00:00:10.000Z',
        '2026-01-01T00:00:15.000Z',
      ]);
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
