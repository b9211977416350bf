import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { memoryCase, type MemoryCase } from '../../../tests/support/memory-case.ts';
import { defineJob } from '../../contracts/index.ts';
import { UnknownScheduleError, type NewSchedule } from '../../queue/index.ts';
import { openSchedules } from '../../schedules/index.ts';
import { appOf, digest, HOUR, RunTimeTrial } from './at-run-time.contract-suite.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const secret = defineJob({
  queue: 'digests',
  name: 'secret',
  encrypt: ['user'],
  schema: z.object({ user: z.string() }),
});
const hourly = (user: string): NewSchedule => ({ job: digest({ user }), every: '1h' });

describe('schedules that are made at run time', () => {
  let fixture: MemoryCase;
  let trial: RunTimeTrial;

  beforeEach(async () => {
    fixture = memoryCase(START);
    trial = await RunTimeTrial.open(fixture);
  });
  afterEach(() => trial.close());

  async function at(time: number): Promise<void> {
    await fixture.clock.advance(time - fixture.clock.now());
    trial.now = time;
  }

  test('one begins with its next slot, each slot becomes one job, and a repeat of the call changes nothing', async () => {
    const { client } = trial;
    const scheduler = await trial.scheduler();
    const made = await client.schedules.upsert('digest:ada', { ...hourly('ada'), by: 'ada' });
    expect(made).toMatchObject({
      name: 'digest:ada',
      job: 'digest',
      made: { by: 'ada', at: START },
      nextAt: START + HOUR,
    });
    await scheduler.tick();
    expect(await trial.queued()).toEqual([]);
    for (let hour = 1; hour <= 3; hour += 1) {
      await at(START + hour * HOUR + 5);
      expect(await client.schedules.upsert('digest:ada', { ...hourly('ada'), by: 'bob' })).toMatchObject({
        changed: { by: 'ada', at: START },
      });
      await scheduler.tick();
      await scheduler.tick();
    }
    expect(await trial.queued()).toEqual(['ada', 'ada', 'ada']);
    const { runs, nextAt } = (await client.schedules.get('digest:ada')) ?? {};
    expect(nextAt).toBe(START + 4 * HOUR);
    expect(runs?.map(({ at: slot, what }) => [slot, what])).toEqual([
      [START + 3 * HOUR, 'queued'],
      [START + 2 * HOUR, 'queued'],
      [START + HOUR, 'queued'],
    ]);
    expect(await client.job(runs?.[0]?.jobId ?? '')).toMatchObject({ name: 'digest' });
  });

  test.each(['the same leader', 'another leader'])(
    'a clock that was ahead for one look leaves no silence behind: %s begins the schedule anew, and says so',
    async who => {
      const { client, facts } = trial;
      const scheduler = await trial.scheduler();
      await client.schedules.upsert('a', hourly('ada'));
      await client.schedules.upsert('sound', { ...hourly('eve'), every: '2h' });
      const stated: unknown[] = [];
      facts.on('schedule.reset', ({ fields }) => stated.push(fields));
      await scheduler.tick();
      trial.now = START + 400 * 24 * HOUR + 5;
      await scheduler.tick();
      trial.now = START + 1_000;
      let leader = scheduler;
      if (who === 'another leader') {
        await scheduler.stop();
        leader = await trial.scheduler({ name: 'two' });
      }
      await leader.tick();
      expect(stated).toEqual(['a', 'sound'].map(schedule => ({ schedule, aheadMs: 400 * 24 * HOUR - 1_000 })));
      expect(await client.schedules.get('a')).toMatchObject({ nextAt: START + HOUR });
      const before = (await trial.queued()).filter(user => user === 'ada').length;
      await at(START + HOUR + 5);
      await leader.tick();
      expect((await trial.queued()).filter(user => user === 'ada')).toHaveLength(before + 1);
      expect(stated).toHaveLength(2);
    },
  );

  test('another time begins with its next slot, other data holds from the next slot on, and what was removed and made again is new', async () => {
    const { client } = trial;
    const scheduler = await trial.scheduler();
    await client.schedules.upsert('a', hourly('ada'));
    await at(START + 3 * HOUR + 1);
    await client.schedules.upsert('a', { job: digest({ user: 'ada' }), cron: '30 * * * *', by: 'bob' });
    await scheduler.tick();
    expect(await trial.queued()).toEqual([]);
    await client.schedules.upsert('a', { job: digest({ user: 'other' }), cron: '30 * * * *' });
    await at(START + 3.5 * HOUR);
    await scheduler.tick();
    expect(await trial.queued()).toEqual(['other']);
    expect(await client.schedules.remove('a')).toBe(true);
    expect(await client.schedules.remove('a')).toBe(false);
    await at(START + 4 * HOUR);
    await client.schedules.upsert('a', hourly('anew'));
    await at(START + 5 * HOUR);
    await scheduler.tick();
    expect(await trial.queued()).toEqual(['anew', 'other']);
  });

  test.each([
    [
      'skip',
      [
        [START + HOUR, 'missed', 9],
        [START + 10 * HOUR, 'queued', 1],
      ],
    ],
    [
      'once',
      [
        [START + HOUR, 'missed', 9],
        [START + 10 * HOUR, 'queued', 1],
      ],
    ],
    ['all', [7, 8, 9, 10].map(hour => [START + hour * HOUR, 'queued', 1])],
  ] as const)('slots that were missed follow the policy "%s", as those of the config', async (missed, expected) => {
    const { client } = trial;
    await client.schedules.upsert('a', { ...hourly('ada'), missed });
    const scheduler = await trial.scheduler();
    await at(START + 10 * HOUR + 5);
    const stated = trial.facts.next('schedule.missed');
    await scheduler.tick();
    expect(await stated).toMatchObject({ schedule: 'a', slots: 9, policy: missed });
    const { runs = [] } = (await client.schedules.get('a')) ?? {};
    expect(runs.toReversed().map(({ at: slot, what, count }) => [slot, what, count])).toEqual(expected);
    expect(await trial.queued()).toHaveLength(missed === 'all' ? 10 : 1);
  });

  test('a slot is left out while the job of the one before has not ended, where overlap is skip', async () => {
    await trial.client.schedules.upsert('a', { ...hourly('ada'), overlap: 'skip' });
    const scheduler = await trial.scheduler();
    for (const hour of [1, 2]) {
      await at(START + hour * HOUR);
      await scheduler.tick();
    }
    expect(await trial.queued()).toEqual(['ada']);
    expect((await trial.client.schedules.get('a'))?.runs[0]).toMatchObject({ what: 'skipped' });
  });

  test('one that is paused makes no jobs, also when it is made again, runs by hand, and goes on with its next slot', async () => {
    const { schedules } = trial.client;
    const scheduler = await trial.scheduler();
    await schedules.upsert('a', hourly('ada'));
    expect(await schedules.pause('a', { by: 'ops', reason: 'they asked' })).toBe(true);
    expect(await schedules.pause('a')).toBe(false);
    await at(START + 3 * HOUR);
    expect(await schedules.upsert('a', hourly('bob'))).toMatchObject({
      paused: { by: 'ops', reason: 'they asked', at: START },
      nextAt: undefined,
    });
    await scheduler.tick();
    expect(await trial.queued()).toEqual([]);
    const { id } = await schedules.run('a', { by: 'ops' });
    expect(await trial.queued()).toEqual(['bob']);
    await at(START + 3.5 * HOUR);
    expect(await schedules.resume('a')).toBe(true);
    expect(await schedules.resume('a')).toBe(false);
    await scheduler.tick();
    expect(await trial.queued()).toEqual(['bob']);
    expect(await schedules.get('a')).toMatchObject({
      nextAt: START + 4 * HOUR,
      runs: [
        { what: 'paused', count: 3 },
        { what: 'by hand', jobId: id, by: 'ops' },
      ],
    });
  });

  test('the clocks of its zone are followed: what they skip is due right after the gap', async () => {
    const { schedules } = trial.client;
    await schedules.upsert('a', { job: digest({ user: 'ada' }), cron: '30 2 * * *', timeZone: 'Europe/Berlin' });
    await at(Date.parse('2026-03-27T12:00:00Z'));
    const runs = await schedules.nextRuns('a', 3);
    expect(runs.map(slot => new Date(slot).toISOString())).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('of a contract that the release of the leader lacks nothing is lost: it is said, and made up for when one has it', async () => {
    const { schedules } = trial.client;
    await schedules.upsert('a', hourly('ada'));
    const other = defineJob({ queue: 'digests', name: 'other', schema: z.strictObject({}) });
    const old = await trial.scheduler({ app: appOf(other), name: 'old' });
    await at(START + HOUR);
    const stated = trial.facts.next('schedules.unclaimed');
    await old.tick();
    expect(await stated).toEqual({ contract: 'digest', schedules: 1 });
    expect(await schedules.get('a')).toMatchObject({ hitch: { why: 'no-contract', since: START + HOUR }, runs: [] });
    await at(START + 3 * HOUR);
    await old.tick();
    expect(await schedules.get('a')).toMatchObject({ hitch: { since: START + HOUR } });
    await old.stop();
    await at(START + 3.5 * HOUR);
    await (await trial.scheduler()).tick();
    expect(await trial.queued()).toEqual(['ada']);
    expect(await schedules.get('a')).toMatchObject({ hitch: undefined, nextAt: START + 4 * HOUR });
  });

  test('data that its contract refuses by now gives no job and is said, and the next slot is tried', async () => {
    const { schedules } = trial.client;
    await schedules.upsert('a', hourly('ada'));
    const stricter = defineJob({
      queue: 'digests',
      name: 'digest',
      schema: z.strictObject({ id: z.string() }),
    });
    const scheduler = await trial.scheduler({ app: appOf(stricter) });
    await at(START + HOUR);
    const stated = trial.facts.next('schedule.failed');
    await scheduler.tick();
    expect(await stated).toMatchObject({ schedule: 'a', slotMs: START + HOUR });
    expect(await schedules.get('a')).toMatchObject({ runs: [{ what: 'failed' }], nextAt: START + 2 * HOUR });
  });

  test('what waits behind many others was not missed, also where a slot that is more than a minute late is to be left out', async () => {
    const { schedules } = trial.client;
    const users = Array.from({ length: 200 }, (_, nth) => `user-${nth}`);
    await schedules.upsertMany(users.map(user => ({ ...hourly(user), name: user, missed: 'skip' as const })));
    const store = openSchedules(trial.engine);
    // As behind so many that a round deals with a twentieth of them.
    const slow = { ...store, due: (now: number, most: number) => store.due(now, Math.min(most, 10)) };
    const scheduler = await trial.scheduler({ schedules: slow });
    await at(START + HOUR - 1_000);
    for (let round = 0; round < 22; round += 1) {
      await scheduler.tick();
      trial.now += 4_000;
    }
    expect(await trial.queued()).toHaveLength(200);
    // Nobody is there for the next one until it is late.
    await at(START + 2 * HOUR + 61_000);
    for (let round = 0; round < 20; round += 1) await scheduler.tick();
    expect(await trial.queued()).toHaveLength(200);
    expect(await schedules.get('user-7')).toMatchObject({ runs: [{ what: 'missed' }, { what: 'queued' }] });
  });

  test.each(['x'.repeat(156), 'x'.repeat(157), '\u{1F600}'.repeat(200)])(
    'a name that is as long as names may be is that of one like all others: %s',
    async name => {
      const { client } = trial;
      const scheduler = await trial.scheduler();
      await client.schedules.upsert(name, hourly('ada'));
      await at(START + HOUR + 5);
      await scheduler.tick();
      await scheduler.tick();
      expect(await trial.queued()).toEqual(['ada']);
      await client.schedules.run(name);
      await client.schedules.run(name);
      expect(await trial.queued()).toEqual(['ada', 'ada', 'ada']);
    },
  );

  test('they are listed by name, a page at a time', async () => {
    const { schedules } = trial.client;
    const names = ['b:1', 'b:10', 'b:2', 'a', 'é', 'c'];
    for (const name of names) await schedules.upsert(name, hourly(name));
    const first = await schedules.list({ limit: 4 });
    expect(first.schedules.map(({ name }) => name)).toEqual(['a', 'b:1', 'b:10', 'b:2']);
    const second = await schedules.list({ limit: 4, ...(first.next !== undefined && { after: first.next }) });
    expect(second).toMatchObject({ schedules: [{ name: 'c' }, { name: 'é' }], next: undefined });
    expect((await schedules.list({ prefix: 'b:', after: 'b:1' })).schedules.map(({ name }) => name)).toEqual([
      'b:10',
      'b:2',
    ]);
  });

  test.each<[string, string, unknown]>([
    ['a name with a space', 'a b', hourly('ada')],
    ['no rule', 'a', { job: digest({ user: 'ada' }) }],
    ['two rules', 'a', { ...hourly('ada'), cron: '0 9 * * *' }],
    ['a rule beyond all dates', 'a', { ...hourly('ada'), every: '365000d' }],
    ['a zone with every', 'a', { ...hourly('ada'), timeZone: 'UTC' }],
    ['a zone that there is not', 'a', { job: digest({ user: 'ada' }), cron: '0 9 * * *', timeZone: 'Mars/Olympus' }],
    ['a cron that is none', 'a', { job: digest({ user: 'ada' }), cron: '@daily' }],
    ['a cron that never comes', 'a', { job: digest({ user: 'ada' }), cron: '0 0 30 2 *' }],
    ['a job that no contract has made', 'a', { job: { name: 'digest' }, every: '1h' }],
    ['an option that is of one slot', 'a', { job: digest({ user: 'ada' }, { idempotencyKey: 'k' }), every: '1h' }],
    ['a contract that encrypts', 'a', { job: secret({ user: 'ada' }), every: '1h' }],
    ['an option that there is not', 'a', { ...hourly('ada'), timezone: 'UTC' }],
    ['nothing', 'a', null],
  ])('%s is refused before anything is kept', async (_, name, given) => {
    // As a program without types would.
    await expect(trial.client.schedules.upsert(name, given as NewSchedule)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
    expect((await trial.client.schedules.list()).schedules).toEqual([]);
  });

  test.each([
    ['no list', null, 'Expected a list of schedules'],
    ['a list of something else', [null], 'Expected each of the schedules to be an object'],
    ['one without a name', [{}], 'Expected the name of a schedule'],
  ])('%s is refused where many are made', async (_, wrong, message) => {
    // As a program without types would.
    await expect(trial.client.schedules.upsertMany(wrong as never)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message),
    });
  });

  test('data that its contract refuses is refused when it is made', async () => {
    // @ts-expect-error its contract knows no such field
    const job = digest({ usr: 'ada' });
    await expect(trial.client.schedules.upsert('a', { job, every: '1h' })).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
    });
  });

  test('a name that nobody has made is said', async () => {
    const { schedules } = trial.client;
    expect(await schedules.get('none')).toBeUndefined();
    for (const asked of [
      schedules.pause('none'),
      schedules.resume('none'),
      schedules.run('none'),
      schedules.nextRuns('none'),
    ])
      await expect(asked).rejects.toThrow(UnknownScheduleError);
  });
});
