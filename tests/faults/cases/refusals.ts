import { Redis } from 'ioredis';
import { jobIdOf } from '../../../src/queue/index.ts';
import { createIdSource } from '../../../src/time/index.ts';
import { breakStoredJob } from '../../support/break-job.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { FaultCase } from '../case.ts';

const unreadable: FaultCase = {
  number: 11,
  title: 'a queue holds broken JSON, data that fits no version, a name and a version that this release does not know',
  engines: ['redis'],
  async run(trial) {
    const ids = createIdSource();
    const queue = await trial.inspector.queue('chaos');
    const put = async (name: string, data: unknown, version = 1): Promise<string> => {
      const jobId = jobIdOf('chaos', ids.next());
      await queue.add(name, data, { jobId, telemetry: { metadata: JSON.stringify({ v: version }) } });
      return jobId;
    };
    const broken = await put('work', { key: 'x', does: 'sleep', ms: 1 });
    await breakStoredJob({ url: trial.engine.url, namespace: trial.namespace }, 'chaos', broken);
    const unfit = await put('work', { key: 7, does: 'nothing' });
    const later = [await put('from-tomorrow', {}), await put('work', { key: 'x', does: 'sleep', ms: 1 }, 2)];
    await trial.addMany(20 * trial.scale, index => ({ key: `n${index}`, does: 'sleep', ms: trial.between(1, 50) }));
    const fleet = await trial.readyFleet();
    const ended = (id: string): boolean => trial.sink().some(({ jobId, what }) => jobId === id && what === 'end');
    await waitFor('the sound jobs to end', () => [...trial.accepted.keys()].every(ended));
    const dead = (id: string): boolean =>
      fleet.facts('job.dead').some(({ jobId, reason }) => jobId === id && reason === 'undecodable');
    const alarmed = (id: string): boolean =>
      fleet.facts('job.snoozed').some(({ jobId, alarm }) => jobId === id && alarm === true);
    await waitFor('the others to be told of', () => [broken, unfit].every(dead) && later.every(alarmed));
    await waitFor('nothing to be held', async () => (await trial.inspector.claims('chaos')).length === 0);
    const wrong = await trial.violations({ faults: 0 });
    for (const id of [broken, unfit]) {
      const state = await queue.getJobState(id);
      if (state !== 'failed') wrong.push(`L: ${id} cannot be read and is ${state}`);
    }
    for (const id of later) {
      const job = await queue.getJob(id);
      const state = await job?.getState();
      if (state !== 'delayed' || job?.attemptsMade !== 0) wrong.push(`A: ${id} is of a later release and is ${state}`);
    }
    const died = fleet.facts('worker.died').length;
    return [...wrong, ...(died === 0 ? [] : [`${died} workers left`])];
  },
};

const evicting: FaultCase = {
  number: 16,
  title: 'Redis may evict what it holds (allkeys-lru): no worker starts, until it may not',
  engines: ['redis'],
  async run(trial) {
    const wrong: string[] = [];
    await trial.addMany(10, index => ({ key: `n${index}`, does: 'sleep', ms: trial.between(1, 50) }));
    const redis = new Redis(trial.engine.url);
    try {
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const fleet = trial.startFleet();
      const code = await fleet.process.ended;
      if (code !== 1) wrong.push(`X: it ended with ${code}`);
      if (!fleet.process.lines.some(line => line.includes('allkeys-lru'))) wrong.push('nobody said why');
      if (trial.sink().length > 0) wrong.push('P: a job was begun');
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
    } finally {
      redis.disconnect();
    }
    await trial.readyFleet();
    await trial.drained();
    return [...wrong, ...(await trial.violations({ faults: 0 }))];
  },
};

export const refusals: readonly FaultCase[] = [unreadable, evicting];
