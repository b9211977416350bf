import { startProcess, type TestProcess } from '../../support/child-process.ts';
import { program } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { ONE, type Fleet, type Trial } from '../trial.ts';

const sleeps = (trial: Trial, from: number, to: number) => (index: number) => ({
  key: `n${index}`,
  does: 'sleep' as const,
  ms: trial.between(from, to),
});

async function busyWorker(trial: Trial, fleet: Fleet): Promise<number> {
  return waitFor('a busy worker', () => fleet.workers().find(pid => trial.runningIn(pid).length > 0));
}

const killedWorker: FaultCase = {
  number: 1,
  title: 'SIGKILL of a worker in mid-job, its supervisor alive',
  engines: BOTH,
  // Case 4 kills workers on Redis; `Rescue` is tested on each.
  smokeOn: ['postgres'],
  goalMs: 1_000,
  async run(trial) {
    const fleet = await trial.readyFleet();
    // Looked for from the first on: on a slow machine these have ended before the last is taken.
    const adding = trial.addMany(20, sleeps(trial, 800, 1_500));
    const victim = await busyWorker(trial, fleet);
    const running = trial.runningIn(victim);
    const killedAt = Date.now();
    process.kill(victim, 'SIGKILL');
    await adding;
    await trial.recovered(trial.unended(running), killedAt);
    await trial.drained();
    const killed = () => fleet.facts('worker.died').filter(({ signal }) => signal === 'SIGKILL').length;
    await waitFor('the death to be stated', () => killed() > 0);
    const died = killed();
    return [
      ...(await trial.violations({ faults: 1 })),
      ...(died === 1 ? [] : [`the supervisor saw ${died} workers killed`]),
    ];
  },
};

const lostHost: FaultCase = {
  number: 2,
  title: 'SIGKILL of a supervisor and its workers, another host alive',
  engines: BOTH,
  // Case 47 loses a host on PostgreSQL.
  smokeOn: ['redis'],
  goalMs: 15_000,
  async run(trial) {
    // No lock runs out meanwhile: a busy machine may judge late, and then BullMQ's stall check would do what the other host is to do.
    const locked = { ...ONE, CHAOS_LOCK: '600000' };
    const [lost] = await Promise.all([trial.readyFleet(locked), trial.readyFleet(locked)]);
    // Not before both work: on a slow machine a host takes longer to start than these jobs to run.
    const adding = trial.addMany(24, sleeps(trial, 1_500, 2_500));
    await busyWorker(trial, lost);
    const running = [...new Set(lost.workers().flatMap(pid => trial.runningIn(pid)))];
    const killedAt = Date.now();
    lost.killHost();
    await adding;
    await trial.recovered(trial.unended(running), killedAt);
    await trial.drained();
    return [
      ...(await trial.violations({ faults: 1 })),
      ...(running.length > 0 ? [] : ['nothing ran on the host that was lost']),
    ];
  },
};

const poison = (does: 'kill' | 'abort' | 'leak', host = {}): FaultCase['run'] =>
  async function run(trial) {
    const fleet = await trial.readyFleet({ NODE_OPTIONS: '--max-old-space-size=64', ...host });
    const guilty = await trial.taken({ key: 'guilty', does, ms: 0 });
    await trial.addMany(50, sleeps(trial, 50, 300));
    await trial.drained();
    const wrong = await trial.violations({ faults: 3, guilty: [guilty] });
    const job = await (await trial.inspector.queue('chaos')).getJob(guilty);
    const state = await job?.getState();
    if (state !== 'failed') wrong.push(`the poisonous job is ${state}`);
    if (job?.failedReason?.startsWith('POISON_JOB') !== true) wrong.push(`its reason is ${job?.failedReason}`);
    const runs = trial.startsOf(guilty).length;
    // A process that is silent for longer than its lock has lost the job before it dies: that end is nobody's.
    const stalled = fleet.facts('job.stalled').filter(({ jobId }) => jobId === guilty).length;
    if (runs < 3 || runs > 3 + stalled) wrong.push(`the poisonous job ran ${runs} times, and stalled ${stalled} times`);
    const [buried] = await waitFor('its end to be stated', () => {
      const stated = fleet.facts('job.dead');
      return stated.length > 0 && stated;
    });
    if (buried?.['reason'] !== 'poison') wrong.push('nobody stated that it is poison');
    return wrong;
  };

const massacre: FaultCase = {
  number: 4,
  title: 'SIGKILL of all workers again and again under load',
  engines: BOTH,
  // Cases 1 and 3 kill workers on PostgreSQL; `Rescue` is tested on each.
  smokeOn: ['redis'],
  async run(trial) {
    const fleet = await trial.readyFleet();
    const rounds = trial.scale === 1 ? 3 : 4 * trial.scale;
    for (let round = 0; round < rounds; round += 1) {
      await trial.addMany(30, sleeps(trial, 5, 60));
      for (const pid of fleet.workers()) process.kill(pid, 'SIGKILL');
      await waitFor('the workers of the next round', () => fleet.facts('worker.started').length >= 2 * (round + 2));
    }
    await trial.drained();
    return trial.violations({ faults: rounds });
  },
};

const unseen: FaultCase = {
  number: 4,
  title: 'SIGKILL of a worker between the answer to a take and the first handler',
  engines: BOTH,
  // The form above runs on Redis.
  smokeOn: ['postgres'],
  async run(trial) {
    const guilty = await trial.taken({ key: 'first', does: 'kill-unseen', ms: 0 });
    await trial.addMany(9, sleeps(trial, 5, 20));
    const fleet = await trial.readyFleet(ONE);
    const died = () => fleet.facts('worker.died').filter(({ signal }) => signal === 'SIGKILL').length;
    await waitFor('the death to be stated', () => died() > 0);
    await trial.drained();
    const first = trial.startsOf(guilty).length;
    const wrong = await trial.violations({ faults: 1 });
    if (died() !== 1) wrong.push(`${died()} workers were killed`);
    if (first !== 1) wrong.push(`the job at whose data it was killed ran ${first} times`);
    const again = [...trial.accepted.keys()].filter(id => trial.startsOf(id).length !== 1);
    return again.length === 0 ? wrong : [...wrong, `${again.length} jobs did not run once: none had begun`];
  },
};

async function stockProcess(trial: Trial): Promise<TestProcess> {
  const { url } = trial.engine;
  const child = startProcess(program('tests/faults/app/stock-worker.ts'), {
    env: { URL: url, SHIFTWORK_NAMESPACE: trial.namespace, CHAOS_SINK: trial.sinkFile },
  });
  await child.line(/^works$/);
  return child;
}

const mixedCompany: FaultCase = {
  number: 66,
  title: 'workers of ours and Workers as BullMQ ships them share a queue, and of each one is killed again and again',
  engines: BOTH,
  async run(trial) {
    const [fleet, ...stock] = await Promise.all([trial.readyFleet(), stockProcess(trial), stockProcess(trial)]);
    const seen = new Set(stock.map(({ pid }) => pid));
    const rounds = 2 * trial.scale;
    try {
      for (let round = 0; round < rounds; round += 1) {
        // Longer than a look at what runs takes on a slow machine.
        const adding = trial.addMany(30, sleeps(trial, 1_000, 2_000));
        const ours = await busyWorker(trial, fleet);
        const theirs = await waitFor('a busy stock Worker', () =>
          stock.find(({ pid }) => trial.runningIn(pid).length > 0),
        );
        process.kill(ours, 'SIGKILL');
        theirs.kill('SIGKILL');
        stock[stock.indexOf(theirs)] = await stockProcess(trial);
        for (const { pid } of stock) seen.add(pid);
        await adding;
        await waitFor('the worker of the next round', () => fleet.facts('worker.started').length >= 3 + round);
      }
      await trial.drained();
      const wrong = await trial.violations({ faults: 2 * rounds });
      const ended = trial.sink().filter(({ what }) => what === 'end');
      const byStock = ended.filter(({ pid }) => seen.has(pid)).length;
      if (byStock === 0 || byStock === ended.length)
        wrong.push(`${byStock} of ${ended.length} ends are stock Workers’`);
      return wrong;
    } finally {
      for (const each of stock) each.kill('SIGKILL');
      await Promise.all(stock.map(({ ended }) => ended));
    }
  },
};

export const crashes: readonly FaultCase[] = [
  killedWorker,
  lostHost,
  {
    number: 3,
    title: 'a job that kills its process, 50 neighbours',
    engines: BOTH,
    // Case 10 is poison on Redis; `Isolation` is tested on each.
    smokeOn: ['postgres'],
    run: poison('kill'),
  },
  massacre,
  unseen,
  mixedCompany,
  { number: 10, title: 'a job that aborts its process', engines: ['redis'], run: poison('abort', ONE) },
  { number: 10, title: 'a job that leaks to the heap limit', engines: ['redis'], run: poison('leak', ONE) },
];
