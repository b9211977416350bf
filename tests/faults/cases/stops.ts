import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../support/wait-for.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { ONE, type Fleet, type Trial } from '../trial.ts';

async function exitsWithZero(fleet: Fleet): Promise<string[]> {
  const code = await fleet.process.ended;
  return code === 0 ? [] : [`X: exit ${code}: ${fleet.process.lines.slice(-3).join(' | ')}`];
}

async function started(trial: Trial, jobId: string): Promise<void> {
  await waitFor('the job to start', () => trial.startsOf(jobId).length > 0);
}

const inTime: FaultCase = {
  number: 5,
  title: 'SIGTERM with a job that ends within the grace period',
  engines: BOTH,
  // The second form of case 6 and case 8 stop hosts on PostgreSQL; handing back is tested on each.
  smokeOn: ['redis'],
  async run(trial) {
    const fleet = await trial.readyFleet(ONE);
    const id = await trial.taken({ key: 'long', does: 'sleep', ms: 2_000 });
    await started(trial, id);
    fleet.process.kill('SIGTERM');
    const wrong = await exitsWithZero(fleet);
    return [...wrong, ...(await trial.violations({ faults: 0 }))];
  },
};

const tooLong = (does: 'sleep' | 'ignore-signal'): FaultCase['run'] =>
  async function run(trial) {
    const fleets = await Promise.all([SHORT, SHORT].map(env => trial.readyFleet(env)));
    const id = await trial.taken({ key: 'longer', does, ms: 6_000 });
    await started(trial, id);
    const [run] = trial.startsOf(id);
    const leaving = fleets.find(fleet => fleet.workers().includes(run?.pid ?? -1));
    if (leaving === undefined) return ['nobody runs the job'];
    const askedAt = Date.now();
    leaving.process.kill('SIGTERM');
    await trial.recovered([id], askedAt);
    const wrong = await exitsWithZero(leaving);
    await trial.drained();
    return [...wrong, ...(await trial.violations({ faults: 1 }))];
  };

const manySignals: FaultCase = {
  number: 7,
  title: 'SIGTERM three times; SIGINT to the whole group; SIGTERM during the start',
  engines: BOTH,
  // What a signal does is no matter of the engine.
  smokeOn: ['redis'],
  async run(trial) {
    const wrong: string[] = [];
    const thrice = await trial.readyFleet(ONE);
    await trial.addMany(10, index => ({ key: `n${index}`, does: 'sleep', ms: 300 }));
    for (let count = 0; count < 3; count += 1) thrice.process.kill('SIGTERM');
    wrong.push(...(await exitsWithZero(thrice)));

    const group = await trial.readyFleet();
    for (const pid of [...group.workers(), group.process.pid]) process.kill(pid, 'SIGINT');
    wrong.push(...(await exitsWithZero(group)));

    for (let boot = 0; boot < (trial.scale === 1 ? 2 : 3 * trial.scale); boot += 1) {
      const half = trial.startFleet(ONE);
      await pause(trial.between(150, 1_500));
      half.process.kill('SIGTERM');
      const code = await half.process.ended;
      // Before Node has run our first line nobody can listen to a signal.
      const early = half.process.lines.length === 0;
      if (code !== 0 && !(early && code === 'SIGTERM')) wrong.push(`X: exit ${code} when told during the start`);
    }
    await trial.readyFleet(ONE);
    await trial.drained();
    return [...wrong, ...(await trial.violations({ faults: 0 }))];
  },
};

const rolling: FaultCase = {
  number: 8,
  title: 'rolling restart of three hosts under load',
  engines: BOTH,
  // Case 7 stops hosts again and again on Redis.
  smokeOn: ['postgres'],
  async run(trial) {
    const wrong: string[] = [];
    let fleets = [await trial.readyFleet(ONE), await trial.readyFleet(ONE), await trial.readyFleet(ONE)];
    const stop = new AbortController();
    const load = (async () => {
      for (let index = 0; !stop.signal.aborted; index += 1) {
        await trial.add({ key: `n${index}`, does: 'sleep', ms: trial.between(1, 40) });
        await pause(trial.scale === 1 ? 30 : 10);
      }
    })();
    for (let restart = 0; restart < 3; restart += 1) {
      const [oldest, ...rest] = fleets;
      const next = await trial.readyFleet(ONE);
      oldest?.process.kill('SIGTERM');
      if (oldest !== undefined) wrong.push(...(await exitsWithZero(oldest)));
      fleets = [...rest, next];
    }
    stop.abort();
    await load;
    await trial.drained();
    return [...wrong, ...(await trial.violations({ faults: 0 }))];
  },
};

const SHORT = { ...ONE, SHUTDOWN_GRACE_MS: '2500' } as const;

export const stops: readonly FaultCase[] = [
  {
    number: 6,
    title: 'SIGTERM with a job longer than the grace period',
    engines: BOTH,
    smokeOn: ['redis'],
    goalMs: 5_000,
    run: tooLong('sleep'),
  },
  inTime,
  {
    number: 6,
    title: 'the same, and the job ignores its signal',
    engines: BOTH,
    smokeOn: ['postgres'],
    goalMs: 5_000,
    run: tooLong('ignore-signal'),
  },
  manySignals,
  rolling,
];
