import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryCase, type MemoryCase } from '../../../tests/support/memory-case.ts';
import { defineApp, defineSchedule } from '../../contracts/index.ts';
import { pauseSchedule, readSchedules, resumeSchedule, runSchedule } from './manage-schedules.ts';
import { MINUTE, report, ScheduleTrial, START } from './schedule-trial.contract-suite.ts';
import type { Scheduler } from './scheduler.ts';

const daily = defineSchedule({
  name: 'daily',
  job: report,
  data: slot => ({ day: slot.toISOString() }),
  every: '1m',
});
const app = defineApp({ jobs: [report], handlers: [], schedules: [daily] });
let fixture: MemoryCase;
let trial: ScheduleTrial;
let scheduler: Scheduler;

beforeEach(async () => {
  fixture = memoryCase(START);
  trial = await ScheduleTrial.open(fixture);
  scheduler = trial.scheduler({});
  await scheduler.tick();
});
afterEach(() => trial.close());

/** Lets time pass to that minute, with a round of the scheduler in each. */
async function until(minute: number): Promise<void> {
  while (trial.now < START + minute * MINUTE) {
    trial.now += MINUTE;
    await fixture.clock.advance(trial.now - fixture.clock.now());
    await scheduler.tick();
  }
}

async function view() {
  const [found] = await readSchedules(app, trial.running.engine);
  if (found === undefined) throw new Error('Expected the schedule.');
  return found;
}

test('a schedule says when it is due next and what became of its last slots', async () => {
  await until(2);
  await fixture.until('both runs to be over', async () =>
    (await view()).runs.every(({ job }) => job?.state === 'succeeded'),
  );
  const found = await view();
  expect(found).toMatchObject({ name: 'daily', job: 'report', overdue: false, paused: undefined });
  expect(found.runs).toMatchObject([
    { at: START + 2 * MINUTE, what: 'queued', count: 1 },
    { at: START + MINUTE, what: 'queued', count: 1 },
  ]);
  expect(found.nextAt).toBeGreaterThan(START + 2 * MINUTE);
});

test('slots of a pause become no jobs, and are not made up for when it is over', async () => {
  const { engine } = trial.running;
  await until(1);
  expect(await pauseSchedule(engine, daily, { by: 'ann', reason: 'stocktaking' })).toBe(true);
  expect(await pauseSchedule(engine, daily, { by: 'bob' })).toBe(false);
  await until(4);
  expect((await view()).paused).toMatchObject({ by: 'ann', reason: 'stocktaking' });
  expect(await resumeSchedule(engine, daily)).toBe(true);
  expect(await resumeSchedule(engine, daily)).toBe(false);
  await until(5);
  expect(await trial.ran(2)).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-01T00:05:00.000Z']);
  const { paused, runs } = await view();
  expect(paused).toBeUndefined();
  expect(runs.map(({ what, count }) => [what, count])).toEqual([
    ['queued', 1],
    ['paused', 3],
    ['queued', 1],
  ]);
});

test('slots that pass while it is paused and no worker is there are not made up for either', async () => {
  const { engine } = trial.running;
  await pauseSchedule(engine, daily, { by: 'ann' });
  trial.now += 3 * MINUTE;
  await fixture.clock.advance(3 * MINUTE);
  expect(await resumeSchedule(engine, daily)).toBe(true);
  await scheduler.tick();
  expect((await view()).runs).toMatchObject([{ what: 'paused', count: 3 }]);
});

test('it runs at once when somebody asks, also while it is paused, and says who did', async () => {
  const { engine, facts } = trial.running;
  await pauseSchedule(engine, daily, { by: 'ann' });
  const ids = [await runSchedule(engine, facts, daily, 'ann'), await runSchedule(engine, facts, daily, 'bob')];
  await trial.ran(2);
  expect((await view()).runs).toMatchObject([
    { what: 'by hand', by: 'bob', jobId: ids[1] },
    { what: 'by hand', by: 'ann', jobId: ids[0] },
  ]);
});

test('without a worker that deals with schedules a slot is overdue, and without any there is no past', async () => {
  trial.now += MINUTE;
  await fixture.clock.advance(MINUTE + 12_000);
  expect((await view()).overdue).toBe(true);
  const unknown = defineSchedule({ name: 'new', job: report, data: { day: 'x' }, every: '1m' });
  const [found] = await readSchedules(
    defineApp({ jobs: [report], handlers: [], schedules: [unknown] }),
    trial.running.engine,
  );
  expect(found).toMatchObject({ overdue: false, runs: [], paused: undefined });
});
