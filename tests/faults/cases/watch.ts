import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from '../../support/process-tree.ts';
import { waitFor } from '../../support/wait-for.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { ONE, type Fleet, type Trial } from '../trial.ts';

const short = (trial: Trial) => (index: number) => ({
  key: `n${index}`,
  does: 'sleep' as const,
  ms: trial.between(50, 400),
});

/** That the job has become poison after three rounds, each of which its supervisor ended. */
async function poisoned(trial: Trial, fleet: Fleet, guilty: string): Promise<string[]> {
  const job = await (await trial.inspector.queue('chaos')).getJob(guilty);
  const runs = trial.startsOf(guilty).length;
  const kills = fleet.facts('worker.killed');
  const killed = kills.filter(({ blamed }) => blamed === true).length;
  // Where a busy machine shows too little of a silent process, or wakes the supervisor late, that end is nobody's fault, and the job runs again.
  const unblamed = kills.length - killed + fleet.facts('job.stalled').length;
  return [
    ...(job?.failedReason?.startsWith('POISON_JOB') === true ? [] : [`its reason is ${job?.failedReason}`]),
    ...(job?.attemptsMade === 1 ? [] : [`it has spent ${job?.attemptsMade} attempts`]),
    ...(runs >= 3 && runs <= 3 + unblamed ? [] : [`the guilty job ran ${runs} times`]),
    ...(killed === 3 ? [] : [`${killed} workers were ended through the fault of their jobs`]),
  ];
}

const named = (fleet: Fleet, id: string) =>
  fleet.facts('worker.blocked').filter(({ jobs }) => Array.isArray(jobs) && jobs.includes(id));

const endless: FaultCase = {
  number: 30,
  title: 'a job with an endless loop, 20 neighbours',
  engines: BOTH,
  // The other form of it runs on Redis.
  smokeOn: ['postgres'],
  async run(trial) {
    const fleet = await trial.readyFleet({ CHAOS_LOCK: '4000' });
    const guilty = await trial.taken({ key: 'guilty', does: 'loop', ms: 0 });
    await trial.addMany(20, short(trial));
    await trial.drained();
    const wrong = await trial.violations({ faults: fleet.facts('worker.killed').length, guilty: [guilty] });
    wrong.push(...(await poisoned(trial, fleet, guilty)));
    const stack = named(fleet, guilty).flatMap(each => (Array.isArray(each['stack']) ? each['stack'].map(String) : []));
    if (!stack.some(frame => frame.includes('chaos.config'))) wrong.push('nobody said where its code stood');
    // Ended before its lock was over: nobody else has taken its jobs. A supervisor that is woken late cannot; the long form runs alone.
    if (trial.scale > 1 && fleet.facts('job.stalled').length > 0)
      wrong.push('a lock expired before the worker was ended');
    return wrong;
  },
};

const waiting: FaultCase = {
  number: 30,
  title: 'a job that waits for longer than its lock in a call that blocks, then ends its process',
  engines: ['redis'],
  async run(trial) {
    const fleet = await trial.readyFleet({ CHAOS_LOCK: '4000' });
    const guilty = await trial.taken({ key: 'guilty', does: 'block-die', ms: 6_000 });
    await trial.addMany(10, short(trial));
    await trial.drained();
    const faults = fleet.facts('worker.killed').length + 3;
    return [...(await trial.violations({ faults, guilty: [guilty] })), ...(await poisoned(trial, fleet, guilty))];
  },
};

/** Some may have ended by then. */
function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, name);
}

const stopped: FaultCase = {
  number: 31,
  title: 'SIGSTOP of three workers in turn that run one job; of their supervisor; of both',
  engines: ['redis'],
  async run(trial) {
    const fleet = await trial.readyFleet({ CHAOS_LOCK: '6000' });
    const id = await trial.taken({ key: 'long', does: 'sleep', ms: 5_000 });
    for (let round = 1; round <= 3; round += 1) {
      const run = await waitFor('it to run', () => trial.startsOf(id)[round - 1]);
      process.kill(run.pid, 'SIGSTOP');
      await waitFor('its worker to be ended', () => fleet.facts('worker.killed').length >= round);
    }
    await waitFor('it to run again', () => trial.startsOf(id).length >= 4);
    fleet.process.kill('SIGSTOP');
    await pause(1_500);
    fleet.process.kill('SIGCONT');
    await waitFor('the workers', () => fleet.workers().length >= 2);
    const all = [fleet.process.pid, ...fleet.workers()];
    signal(all, 'SIGSTOP');
    await pause(3_000);
    signal(all, 'SIGCONT');
    await trial.drained();
    const killed = fleet.facts('worker.killed');
    return [
      // A worker whose supervisor is silent for two seconds leaves, and its lock may have expired meanwhile.
      ...(await trial.violations({ faults: 6 })),
      ...(killed.length === 3 ? [] : [`${killed.length} workers were ended, three were stopped`]),
      ...(killed.some(({ blamed }) => blamed === true) ? ['a stopped process was held against its jobs'] : []),
      ...(fleet.facts('job.isolated').length === 0 ? [] : ['a job was suspected']),
    ];
  },
};

const crowded: FaultCase = {
  number: 32,
  title: '8 workers that compute on one processor',
  engines: ['redis'],
  async run(trial) {
    // Who gets no processor for ten locks is ended all the same: on a machine that is busy otherwise, five seconds were too short.
    const fleet = await trial.readyFleet({ WORKER_PROCESSES: '8', WORKER_CONCURRENCY: '1', CHAOS_LOCK: '7000' });
    for (const pid of [fleet.process.pid, ...fleet.workers()])
      execFileSync('taskset', ['-a', '-p', '-c', '0', String(pid)]);
    // So many that each has one, which does not come back for longer than its lock.
    await trial.addMany(trial.scale === 1 ? 12 : 24, index => ({
      key: `n${index}`,
      does: 'spin',
      ms: trial.between(500, 1_000),
    }));
    await trial.drained();
    const killed = fleet.facts('worker.killed').length;
    return [
      ...(await trial.violations({ faults: 1 })),
      ...(killed === 0 ? [] : [`${killed} workers were ended`]),
      ...(fleet.facts('job.isolated').length === 0 ? [] : ['a job was suspected']),
    ];
  },
};

const synchronous: FaultCase = {
  number: 33,
  title: 'a synchronous call of two thirds of the lock',
  engines: BOTH,
  // The renewal of locks is tested on each.
  smokeOn: ['redis'],
  async run(trial) {
    const fleet = await trial.readyFleet({ ...ONE, CHAOS_LOCK: '9000', LOG_LEVEL: 'debug' });
    const first = await trial.taken({ key: 'waits', does: 'sleep', ms: 1_700 });
    await waitFor('it to start', () => trial.startsOf(first).length > 0);
    // Beside one whose lock is some way from its renewal.
    const id = await trial.taken({ key: 'computes', does: 'block-once', ms: 6_000 });
    await trial.drained();
    await waitFor('the warning', () => named(fleet, id).length > 0);
    return [
      ...(await trial.violations({ faults: 0 })),
      ...(fleet.facts('worker.killed').length === 0 ? [] : ['its worker was ended']),
      ...(fleet.facts('job.succeeded').length === 2 ? [] : ['it did not end once']),
    ];
  },
};

const atTheEnd: FaultCase = {
  number: 34,
  title: 'hosts that are told to stop while a job loops, and have to end its process',
  engines: ['redis'],
  async run(trial) {
    const guilty = await trial.taken({ key: 'guilty', does: 'loop', ms: 0 });
    const wrong: string[] = [];
    // A supervisor that a busy machine wakes late has seen too little to blame anybody: it is tried again.
    for (let round = 1, blamed = 0; blamed < 2; round += 1) {
      if (round > 20) return ['its ends were not held against the job'];
      const fleet = await trial.readyFleet({ ...ONE, SHUTDOWN_GRACE_MS: '5000' });
      await waitFor('it to run', () => trial.startsOf(guilty).length >= round);
      fleet.process.kill('SIGTERM');
      const code = await fleet.process.ended;
      if (code !== 0) wrong.push(`exit ${code}`);
      const [killed] = fleet.facts('worker.killed');
      if (killed?.['reason'] !== 'grace') wrong.push(`it was ended for ${String(killed?.['reason'])}`);
      if (killed?.['blamed'] === true) blamed += 1;
    }
    const fleet = await trial.readyFleet({ ...ONE, CHAOS_LOCK: '4000' });
    await trial.drained();
    const job = await (await trial.inspector.queue('chaos')).getJob(guilty);
    if (job?.failedReason?.startsWith('POISON_JOB') !== true) wrong.push(`its reason is ${job?.failedReason}`);
    if (fleet.facts('job.isolated').length !== 1) wrong.push('it did not run alone');
    return [...wrong, ...(await trial.violations({ faults: 3, guilty: [guilty] }))];
  },
};

export const watchFaults: readonly FaultCase[] = [waiting, endless, stopped, crowded, synchronous, atTheEnd];
