import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engineCases } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { keyed, MINUTE, ScheduleTrial, START } from './schedule-trial.contract-suite.ts';

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
