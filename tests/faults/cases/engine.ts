import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { waitFor } from '../../support/wait-for.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { brief, work } from '../app/chaos.config.ts';
import { ONE, type Trial } from '../trial.ts';

const short = (trial: Trial) => (index: number) => ({
  key: `n${index}`,
  does: 'sleep' as const,
  ms: trial.between(1, 50),
});

const restarts: FaultCase = {
  number: 12,
  title: 'SIGKILL and restart of the engine under load',
  engines: BOTH,
  goalMs: 30_000,
  async run(trial) {
    const fleet = await trial.readyFleet(ONE);
    for (let round = 0; round < 2 * trial.scale; round += 1) {
      const adding = trial.addMany(40, short(trial));
      await pause(trial.between(0, 30));
      await trial.engine.kill();
      await adding;
      await trial.engine.restart();
      const backAt = Date.now();
      const probe = await waitFor('the producer', () => trial.add(short(trial)(round)));
      await trial.recovered([probe], backAt);
    }
    await trial.drained();
    // Its end could not be recorded: it runs again, which is no attempt of its own.
    const wrong = await trial.violations({ faults: 2 * trial.scale });
    const died = fleet.facts('worker.died').length;
    return [...wrong, ...(died === 0 ? [] : [`${died} workers left`])];
  },
};

const frozen: FaultCase = {
  number: 14,
  title: 'the engine is frozen for longer than a presence lasts',
  engines: ['redis'],
  async run(trial) {
    const [one, other] = [await trial.readyFleet(ONE), await trial.readyFleet(ONE)];
    await trial.addMany(10, () => ({ key: 'long', does: 'sleep', ms: 14_000 }));
    await waitFor('the jobs to start', () => trial.sink().filter(({ what }) => what === 'start').length === 10);
    trial.engine.pause();
    await pause(10_000);
    trial.engine.resume();
    await trial.drained();
    const rescued = [...one.facts('job.rescued'), ...other.facts('job.rescued')].length;
    return [
      ...(await trial.violations({ faults: 0 })),
      ...(rescued === 0 ? [] : [`${rescued} jobs of the living were rescued`]),
    ];
  },
};

const outOfMemory: FaultCase = {
  number: 15,
  title: 'Redis is out of memory for a while (noeviction)',
  engines: ['redis'],
  async run(trial) {
    const fleet = await trial.readyFleet(ONE);
    await trial.addMany(20, index => ({ key: `n${index}`, does: 'sleep', ms: trial.between(200, 2_000) }));
    await waitFor('the jobs to start', () => trial.sink().length > 0);
    const redis = new Redis(trial.engine.url);
    const wrong: string[] = [];
    try {
      await redis.config('SET', 'maxmemory', '1mb');
      for (let count = 0; count < 10; count += 1) {
        if ((await trial.add(short(trial)(count))) !== undefined) wrong.push('a job was taken without memory');
      }
      await pause(2_000);
      await redis.config('SET', 'maxmemory', '0');
    } finally {
      redis.disconnect();
    }
    await waitFor('the producer', () => trial.add(short(trial)(0)));
    await trial.drained();
    const died = fleet.facts('worker.died').length;
    if (died > 0) wrong.push(`${died} workers left`);
    return [...wrong, ...(await trial.violations({ faults: 1 }))];
  },
};

const blocked: FaultCase = {
  number: 9,
  title: 'a handler blocks its process for longer than the lock',
  engines: BOTH,
  // A job that stalls is tested on each (src/runtime/host/stalled.int.test.ts).
  smokeOn: ['redis'],
  async run(trial) {
    // With a shorter lock a busy machine loses the second run as well, which blocks nothing.
    const fleet = await trial.readyFleet({ CHAOS_LOCK: '2000', LOG_LEVEL: 'debug' });
    const id = await trial.taken({ key: 'blocks', does: 'block-once', ms: 9_000 });
    await waitFor('it to run elsewhere', () => trial.startsOf(id).length >= 2);
    await trial.drained();
    // A process that had to wait for a processor warns too.
    await waitFor('the warning that names the job', () =>
      fleet.facts('worker.blocked').some(({ jobs }) => Array.isArray(jobs) && jobs.includes(id)),
    );
    const wrong = await trial.violations({ faults: 1 });
    const succeeded = fleet.facts('job.succeeded').length;
    return [...wrong, ...(succeeded <= 1 ? [] : ['it ended twice'])];
  },
};

const paused: FaultCase = {
  number: 54,
  title: 'SIGKILL and restart of the engine while a contract is paused',
  engines: BOTH,
  async run(trial) {
    await trial.readyFleet(ONE);
    const { client } = trial;
    const pausing = () => client.pause({ contract: work }, { by: 'ann', reason: 'the far side is sick' });
    await waitFor('the pause', () => pausing().then(() => true));
    const other = async (round: number): Promise<void> => {
      const data = { key: `other-${round}`, does: 'sleep', ms: 1 } as const;
      const { id } = await waitFor('the other contract to be taken', () =>
        client.enqueue(brief, data, { idempotencyKey: data.key }),
      );
      trial.accepted.set(id, data);
      await waitFor('the other contract to run', () => trial.startsOf(id).length > 0);
    };
    for (let round = 0; round < trial.scale; round += 1) {
      const adding = trial.addMany(20, short(trial));
      await pause(trial.between(0, 30));
      await trial.engine.kill();
      await adding;
      await trial.engine.restart();
      await waitFor('the producer', () => trial.add(short(trial)(round)));
      // Workers take again, and have passed over those that are paused.
      await other(round);
    }
    const begun = trial.sink().filter(({ jobId }) => trial.accepted.get(jobId)?.key.startsWith('n') === true);
    const pauses = await client.pauses(['chaos']);
    await client.resume({ contract: work });
    await trial.drained();
    const wrong = await trial.violations({ faults: trial.scale });
    if (begun.length > 0) wrong.push(`${begun.length} jobs of the paused contract began`);
    if (pauses.length !== 1 || pauses[0]?.by !== 'ann') wrong.push(`the pause was ${JSON.stringify(pauses)}`);
    return wrong;
  },
};

export const engineFaults: readonly FaultCase[] = [restarts, frozen, outOfMemory, blocked, paused];
