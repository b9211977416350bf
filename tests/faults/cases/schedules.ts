import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../support/wait-for.ts';
import { BOTH, type FaultCase } from '../case.ts';

const leaderKilled: FaultCase = {
  number: 26,
  title: 'two hosts could schedule, the one that leads is killed',
  engines: BOTH,
  // A leader that is gone without a word is followed by the other on each (src/runtime/schedules/scheduler.int.test.ts).
  smokeOn: ['redis'],
  async run(trial) {
    const schedule = { CHAOS_SCHEDULE: 'yes', WORKER_PROCESSES: '1' };
    const leads = await trial.readyFleet(schedule);
    await trial.readyFleet(schedule);
    await waitFor('a slot', () => trial.sink().length > 0);
    await pause(trial.between(500, 2_500));
    leads.killHost();
    const killedAt = Date.now();
    // The lead is taken over when its lease has lapsed; the slots since then are made up for, and the job that ran on the killed host
    // comes back later still.
    const missing = (): readonly number[] => {
      const slots = new Set(trial.slots());
      const all = [];
      for (let slot = Math.min(...slots); slot < Math.max(...slots); slot += 1_000) all.push(slot);
      return all.filter(slot => !slots.has(slot));
    };
    await waitFor('slots after that', () => trial.slots().filter(slot => slot > killedAt).length >= 3);
    await waitFor('no slot to be missing', () => missing().length === 0).catch(() => undefined);
    // A job that ran on the killed host may run once more; two jobs of one slot are the fault.
    const jobs = Map.groupBy(
      new Set(trial.sink().map(({ slot, jobId }) => `${slot ?? ''} ${jobId}`)),
      line => line.split(' ')[0],
    );
    return [
      ...missing().map(slot => `the slot ${new Date(slot).toISOString()} is missing`),
      ...[...jobs]
        .filter(([, ids]) => ids.length > 1)
        .map(([slot]) => `the slot ${new Date(Number(slot)).toISOString()} is doubled`),
    ];
  },
};

export const schedules: readonly FaultCase[] = [leaderKilled];
