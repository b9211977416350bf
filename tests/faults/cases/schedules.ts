import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../support/wait-for.ts';
import { tick } from '../app/chaos.config.ts';
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

/** Slots that are due in the same moment; the number of each is the slot in the sink. */
const DUE_AT_ONCE = 1_000;

const leaderOfManyKilled: FaultCase = {
  number: 62,
  title: 'the host that leads is killed while the slots of a thousand schedules made at run time are due',
  engines: BOTH,
  // Another leader in the middle of a batch on each: src/runtime/schedules/scheduler.int.test.ts.
  smokeOn: ['redis'],
  async run(trial) {
    const count = DUE_AT_ONCE * trial.scale;
    const host = { WORKER_PROCESSES: '1', CHAOS_LOCK: '5000' };
    const leads = await trial.readyFleet(host);
    const { schedules: made } = trial.client;
    const clock = trial.inspector.clock;
    await clock.known();
    // A moment that comes once, when all of them are made. A host finds the first ones within ten seconds; meanwhile the other one starts.
    const at = new Date(Math.ceil((clock.now() + 11_000 * trial.scale) / 1_000) * 1_000);
    const cron = [at.getUTCSeconds(), at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1];
    for (let from = 0; from < count; from += DUE_AT_ONCE) {
      await made.upsertMany(
        Array.from({ length: DUE_AT_ONCE }, (_, nth) => ({
          name: `n:${from + nth}`,
          job: tick({ slot: from + nth }),
          cron: `${cron.join(' ')} *`,
        })),
      );
    }
    await trial.readyFleet(host);
    await waitFor('the first jobs', () => trial.sink().length > trial.between(0, count / 4));
    leads.killHost();
    const ran = (): ReadonlySet<number> => new Set(trial.slots());
    // As long as more come: thousands take a busy machine minutes.
    for (let before = -1; ran().size > before && ran().size < count;) {
      before = ran().size;
      await waitFor('every slot to run', () => ran().size === count).catch(() => undefined);
    }
    const jobs = new Set(trial.sink().map(({ slot, jobId }) => `${slot ?? ''} ${jobId}`));
    const page = await made.list({ limit: 1_000 });
    const behind = page.schedules.filter(({ nextAt }) => nextAt === undefined || nextAt <= at.getTime());
    return [
      ...(ran().size < count ? [`${count - ran().size} of ${count} slots did not run`] : []),
      ...(jobs.size > ran().size ? [`${jobs.size - ran().size} slots became two jobs`] : []),
      ...(behind.length > 0 ? [`${behind.length} schedules did not go on`] : []),
    ];
  },
};

export const schedules: readonly FaultCase[] = [leaderKilled, leaderOfManyKilled];
