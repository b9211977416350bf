import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryCase, type MemoryCase } from '../../../tests/support/memory-case.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineSchedule } from '../../contracts/index.ts';
import { QueueUnavailableError } from '../../queue/index.ts';
import { keyed, MINUTE, report, ScheduleTrial, START } from './schedule-trial.contract-suite.ts';
import type { Scheduler } from './scheduler.ts';

/** A lease that nobody renews is over by then. */
const LAPSED_MS = 10_001;

describe('schedules', () => {
  let fixture: MemoryCase;
  let trial: ScheduleTrial;

  beforeEach(async () => {
    fixture = memoryCase(START);
    trial = await ScheduleTrial.open(fixture);
  });
  afterEach(() => trial.close());

  test('a new schedule begins with its next slot, and each slot becomes one job', async () => {
    const daily = trial.scheduler({});
    await daily.tick();
    for (let minute = 1; minute <= 3; minute += 1) {
      trial.now = START + minute * MINUTE + 5;
      await daily.tick();
      await daily.tick();
    }
    expect(await trial.ran(3)).toEqual([
      '2026-01-01T00:01:00.000Z',
      '2026-01-01T00:02:00.000Z',
      '2026-01-01T00:03:00.000Z',
    ]);
  });

  test.each([
    ['the same', 'each day', ['each day', 'each day', 'each day']],
    ['other', undefined, ['2026-01-01T00:01:00.000Z', '2026-01-01T00:02:00.000Z', '2026-01-01T00:03:00.000Z']],
  ])("slots of a job with a key each become a job within the key's window, with %s data", async (_, day, expected) => {
    const daily = trial.scheduler({ job: keyed, data: slot => ({ day: day ?? slot.toISOString() }) });
    await daily.tick();
    for (let minute = 1; minute <= 3; minute += 1) {
      trial.now = START + minute * MINUTE;
      await daily.tick();
    }
    expect(await trial.ran(3)).toEqual(expected);
  });

  test.each([
    ['skip', ['2026-01-01T01:00:00.000Z']],
    ['once', ['2026-01-01T01:00:00.000Z']],
    ['all', ['2026-01-01T00:58:00.000Z', '2026-01-01T00:59:00.000Z', '2026-01-01T01:00:00.000Z']],
  ] as const)('slots that were missed follow the policy "%s"', async (missed, expected) => {
    const daily = trial.scheduler({ missed });
    trial.now = START + 57 * MINUTE;
    await daily.tick();
    trial.now = START + 60 * MINUTE + 5;
    const stated = trial.running.facts.next('schedule.missed');
    await daily.tick();
    expect(await stated).toMatchObject({ schedule: 'daily', slots: 2, policy: missed });
    expect(await trial.ran(expected.length)).toEqual(expected);
  });

  test.each(['skip', 'once', 'all'] as const)(
    'slots that came while the lead changed hands were not missed: each becomes a job, also with "%s"',
    async missed => {
      const rule = { missed, every: '5s' } as const;
      const [one, other] = [trial.scheduler(rule), trial.scheduler(rule, { name: 'other' })];
      await one.tick();
      await other.tick();
      // The leader is gone without a word; the other one looks each second, and its lease lapses meanwhile.
      for (let second = 1; second <= 15; second += 1) {
        trial.now = START + second * 1_000;
        await fixture.clock.advance(1_000);
        await other.tick();
      }
      expect(await trial.ran(3)).toEqual([
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
    const before = trial.scheduler({ missed, every });
    await before.tick();
    await before.stop();
    trial.now = START + seconds * 1_000;
    await trial.scheduler({ missed, every }, { name: 'after' }).tick();
    expect(await trial.ran(expected.length)).toEqual(expected);
    await trial.running.client.enqueue(report, { day: 'last' });
    await waitFor('the last', () => trial.days.includes('last'));
    expect(trial.days.length).toBe(expected.length + 1);
  });

  test('a leader that was frozen makes exactly one run with "once"', async () => {
    const often = trial.scheduler({ every: '2s', missed: 'once' });
    await often.tick();
    trial.now = START + 13_000;
    await often.tick();
    expect(await trial.ran(1)).toEqual(['2026-01-01T00:00:12.000Z']);
    trial.now = START + 14_000;
    await often.tick();
    expect(await trial.ran(2)).toHaveLength(2);
  });

  describe('another rule', () => {
    const monday = { cron: '0 9 * * MON', timeZone: 'UTC' } as const;
    const tuesday = { cron: '0 9 * * TUE', timeZone: 'UTC' } as const;
    const WEDNESDAY = Date.parse('2026-01-07T12:00:00Z');
    const NEXT_TUESDAY = Date.parse('2026-01-13T09:00:00Z');

    async function ranLastMonday(): Promise<Scheduler> {
      trial.now = Date.parse('2026-01-05T08:59:59Z');
      const weekly = trial.scheduler(monday);
      await weekly.tick();
      trial.now = Date.parse('2026-01-05T09:00:00Z');
      await weekly.tick();
      await trial.ran(1);
      trial.now = WEDNESDAY;
      await weekly.stop();
      return weekly;
    }

    test('begins with its next slot: what no release ever had was not missed', async () => {
      await ranLastMonday();
      const moved = trial.scheduler(tuesday);
      await moved.tick();
      await moved.tick();
      trial.now = NEXT_TUESDAY;
      await moved.tick();
      expect(await trial.ran(2)).toEqual(['2026-01-05T09:00:00.000Z', '2026-01-13T09:00:00.000Z']);
    });

    test.each([
      ['a zone', { cron: '0 9 * * MON', timeZone: 'America/New_York' }],
      ['another every', { every: '1h' }],
    ] as const)('is %s as well', async (_what, rule) => {
      await ranLastMonday();
      await trial.scheduler(rule).tick();
      await trial.scheduler(rule).tick();
      await trial.running.client.enqueue(report, { day: 'last' });
      expect(await trial.ran(2)).toEqual(['2026-01-05T09:00:00.000Z', 'last']);
    });

    test('is one that was taken away and put back: what came in between was never to be', async () => {
      await ranLastMonday();
      const without = trial.scheduler({ name: 'another' });
      await without.tick();
      await without.stop();
      trial.now = Date.parse('2026-01-14T12:00:00Z');
      const back = trial.scheduler(monday);
      await back.tick();
      await back.tick();
      trial.now = Date.parse('2026-01-19T09:00:00Z');
      await back.tick();
      expect(await trial.ran(2)).toEqual(['2026-01-05T09:00:00.000Z', '2026-01-19T09:00:00.000Z']);
    });

    test('is one that was taken away with all others', async () => {
      await ranLastMonday();
      const none = trial.add({
        app: defineApp({ jobs: [report], handlers: [] }),
        client: trial.running.client,
        name: 'none',
      });
      none.start();
      await waitFor('its word', async () =>
        JSON.stringify(await trial.store.get('schedule', 'daily')).includes('retired'),
      );
      await waitFor(
        'the lead to be given back',
        async () => (await trial.store.get('scheduler', 'leader')) === undefined,
      );
      trial.now = Date.parse('2026-01-14T12:00:00Z');
      await trial.scheduler(monday).tick();
      await trial.running.client.enqueue(report, { day: 'last' });
      expect(await trial.ran(2)).toEqual(['2026-01-05T09:00:00.000Z', 'last']);
    });

    test('the same rule goes on after a deploy, also from what 0.1 has written', async () => {
      await ranLastMonday();
      const entry = await trial.store.get('schedule', 'daily');
      await trial.store.set('schedule', 'daily', { slot: Date.parse('2026-01-05T09:00:00Z') }, MINUTE);
      expect(entry?.value).toMatchObject({ slot: Date.parse('2026-01-05T09:00:00Z') });
      trial.now = Date.parse('2026-01-13T12:00:00Z');
      await trial.scheduler(monday).tick();
      expect(await trial.ran(2)).toEqual(['2026-01-05T09:00:00.000Z', '2026-01-12T09:00:00.000Z']);
    });
  });

  test.each([365 * 24 * 60 * MINUTE, 10 * MINUTE, 30_000])(
    'a clock that was %i ms ahead for one look leaves no silence behind, and it is stated',
    async aheadMs => {
      const daily = trial.scheduler({});
      await daily.tick();
      trial.now = START + aheadMs;
      await daily.tick();
      const before = trial.days.length;
      trial.now = START + 5_000;
      const stated: number[] = [];
      trial.running.facts.on('schedule.reset', ({ fields }) => stated.push(fields.aheadMs));
      await daily.tick();
      const cursor = await trial.store.get('schedule', 'daily');
      trial.now = START + MINUTE;
      await daily.tick();
      expect(stated).toEqual(aheadMs >= MINUTE ? [aheadMs - 5_000] : []);
      expect(cursor?.value).toMatchObject({ slot: aheadMs >= MINUTE ? START + 5_000 : START });
      await waitFor('the slot of the right time', () => trial.days.includes('2026-01-01T00:01:00.000Z'));
      expect(before).toBeLessThanOrEqual(1);
    },
  );

  test('a slot that was missed alone is dropped by "skip" and made up by "once"', async () => {
    const daily = trial.scheduler({ missed: 'skip', every: '1h' });
    await daily.tick();
    trial.now = START + 62 * MINUTE;
    await daily.tick();
    trial.now = START + 120 * MINUTE + 5;
    await daily.tick();
    expect(await trial.ran(1)).toEqual(['2026-01-01T02:00:00.000Z']);
  });

  test('with overlap "skip" a slot is left out while the job before it has not ended', async () => {
    const opened = Promise.withResolvers<void>();
    trial.gate = opened.promise;
    const daily = trial.scheduler({ overlap: 'skip' });
    await daily.tick();
    trial.now = START + MINUTE;
    await daily.tick();
    await trial.ran(1);
    trial.now = START + 2 * MINUTE;
    const skipped = trial.running.facts.next('schedule.skipped');
    await daily.tick();
    const { jobId } = await skipped;
    const done = trial.running.facts.next('job.succeeded', fields => fields.jobId === jobId);
    opened.resolve();
    await done;
    trial.now = START + 3 * MINUTE;
    await daily.tick();
    expect(await trial.ran(2)).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-01T00:03:00.000Z']);
  });

  test('of two schedulers one leads; when it is gone without a word the other goes on, and no slot is lost or doubled', async () => {
    const [one, other] = [trial.scheduler({}), trial.scheduler({}, { name: 'other' })];
    await one.tick();
    await other.tick();
    trial.now = START + MINUTE;
    await Promise.all([one.tick(), other.tick()]);
    await trial.ran(1);
    // The leader dies on the tick: nobody enqueues the next slot before its lease has lapsed.
    trial.now = START + 2 * MINUTE;
    await other.tick();
    await fixture.clock.advance(LAPSED_MS);
    await other.tick();
    await trial.ran(2);
    // It was only frozen, and believes that it leads.
    await one.tick();
    trial.now = START + 3 * MINUTE;
    await Promise.all([one.tick(), other.tick()]);
    expect(await trial.ran(3)).toHaveLength(3);
    expect(new Set(trial.days).size).toBe(3);
  });

  test('one whose lease has lapsed while it was slow leads again at once, where nobody else does', async () => {
    const daily = trial.scheduler({});
    await daily.tick();
    await fixture.clock.advance(LAPSED_MS);
    expect(await trial.store.get('scheduler', 'leader')).toBeUndefined();
    trial.now = START + MINUTE + 5;
    await daily.tick();
    expect(await trial.ran(1)).toEqual(['2026-01-01T00:01:00.000Z']);
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
      trial.running.facts.on('schedule.failed', ({ fields }) => {
        failed.push([fields.slotMs, fields.error.message.slice(0, 40)]);
      });
      const daily = trial.scheduler({ data, missed });
      await daily.tick();
      for (let at = START + MINUTE; at <= START + 3 * MINUTE; at += MINUTE / 2) {
        trial.now = at;
        await daily.tick();
      }
      expect(failed).toEqual([
        [START + MINUTE, 'no data for the first'],
        [START + 2 * MINUTE, 'The data for "report" does not fit its s'],
      ]);
      expect(await trial.ran(1)).toEqual(['minute 3']);
    },
  );

  test('a slot that comes while the engine is away becomes a job afterwards', async () => {
    let away = true;
    const daily = trial.scheduler(
      {},
      {
        enqueueFrom: (origin, requests) =>
          away
            ? Promise.reject(new QueueUnavailableError('reports', 'away'))
            : trial.running.client.enqueueFrom(origin, requests),
      },
    );
    await daily.tick();
    trial.now = START + MINUTE;
    const failed = trial.running.facts.next('schedule.failed');
    await daily.tick();
    expect(await failed).toMatchObject({ slotMs: undefined, error: { code: 'QUEUE_UNAVAILABLE' } });
    away = false;
    await daily.tick();
    expect(await trial.ran(1)).toEqual(['2026-01-01T00:01:00.000Z']);
  });

  test('one schedule whose data its contract refuses is named and stops no other', async () => {
    const bad = defineSchedule({ name: 'bad', job: report, data: { day: 'x' }, every: '1m' });
    const good = defineSchedule({ name: 'good', job: report, data: { day: 'good' }, every: '1m' });
    const broken = { ...bad, dataAt: () => ({ day: 7 }) };
    const app = defineApp({ jobs: [report], handlers: [], schedules: [broken, good] });
    const both = trial.add({ app, client: trial.running.client, name: 'both' });
    await both.tick();
    trial.now = START + MINUTE;
    const failed = trial.running.facts.next('schedule.failed');
    await both.tick();
    expect(await failed).toMatchObject({ schedule: 'bad', error: { code: 'INVALID_PAYLOAD' } });
    expect(await trial.ran(1)).toEqual(['good']);
  });
});
