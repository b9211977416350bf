import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, defineSchedule } from '../../contracts/index.ts';
import { MemoryStateStore } from '../../state/index.ts';
import { OVERDUE_MS, ruleOf } from '../../schedules/index.ts';
import { readLateAtRunTime, readOverdueSlots } from './overdue-slots.ts';

const report = defineJob({ queue: 'reports', name: 'report', schema: z.object({}) });
const minutely = defineSchedule({ name: 'minutely', job: report, data: {}, every: '1m' });
const app = defineApp({ jobs: [report], handlers: [], schedules: [minutely] });
const SLOT = 60_000 * 1_000;

function at(now: number, cursor: object) {
  const store = new MemoryStateStore(() => now);
  return store.set('schedule', 'minutely', cursor, 1_000).then(() => readOverdueSlots(app, store, now));
}

test('a slot that nobody has dealt with is overdue when the lead has had the time to change hands', async () => {
  const cursor = { slot: SLOT, rule: ruleOf(minutely) };
  expect(await at(SLOT + 60_000 + OVERDUE_MS - 1, cursor)).toEqual([]);
  expect(await at(SLOT + 71_000, cursor)).toEqual([{ schedule: 'minutely', slotAt: SLOT + 60_000 }]);
});

test('a schedule that has not begun, has been retired, or has another rule by now is due nothing', async () => {
  const rule = ruleOf(minutely);
  expect(await readOverdueSlots(app, new MemoryStateStore(() => SLOT), SLOT)).toEqual([]);
  expect(await at(SLOT * 2, { slot: SLOT, rule, retired: true })).toEqual([]);
  expect(await at(SLOT * 2, { slot: SLOT, rule: 'another' })).toEqual([]);
});

test('those that were made at run time are told as one, however many are late', async () => {
  const figures = async (now: number) => ({ count: 9, due: now >= SLOT ? 7 : 0, firstDueAt: SLOT });
  expect(await readLateAtRunTime({ figures }, SLOT + OVERDUE_MS - 1)).toEqual([]);
  expect(await readLateAtRunTime({ figures }, SLOT + OVERDUE_MS)).toEqual([
    { schedule: 'at run time', slotAt: SLOT, late: 7 },
  ]);
});
