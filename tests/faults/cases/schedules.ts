import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../support/wait-for.ts';
import { BOTH, type FaultCase } from '../case.ts';

const leaderKilled: FaultCase = {
  number: 26,
  title: 'two hosts could schedule, the one that leads is killed',
  engines: BOTH,
  async run(trial) {
    const schedule = { CHAOS_SCHEDULE: 'yes', WORKER_PROCESSES: '1' };
    const leads = await trial.readyFleet(schedule);
    await trial.readyFleet(schedule);
    await waitFor('a slot', () => trial.sink().length > 0, 20_000);
    await pause(trial.between(500, 2_500));
    leads.killHost();
    const killedAt = Date.now();
    // The lead is taken over when its lease has lapsed; the slots since then are made up for.
    await waitFor('slots after that', () => trial.slots().filter(slot => slot > killedAt).length >= 3, 40_000);
    const slots = trial.slots().toSorted((a, b) => a - b);
    const wrong = slots.filter((slot, index) => index > 0 && slot !== (slots[index - 1] ?? 0) + 1_000);
    return wrong.map(slot => `the slot ${new Date(slot).toISOString()} is doubled, or follows one that is missing`);
  },
};

export const schedules: readonly FaultCase[] = [leaderKilled];
