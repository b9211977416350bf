import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, type Run } from '../../contracts/index.ts';
import { openEngine, type EngineQueue } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { createWorkerHost } from './worker-host.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.looseObject({}) });

/** Jobs of other programs bring options that ours never have. */
describe.each(engineCases)('jobs of other programs on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup(perform: (run: Run, queue: EngineQueue) => unknown) {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const engine = openEngine({ url, namespace, role: 'worker' });
    await engine.migrate();
    const facts = new Facts();
    const queue = await engine.queue('tasks');
    const app = defineApp({
      jobs: [task],
      handlers: [handle(task, async (_data, run) => void (await perform(run, queue)))],
      queues: { tasks: { concurrency: 5 } },
    });
    const host = createWorkerHost({ app, engine, facts });
    cleanups.push(() => host.stop(2_000));
    /** As no queue of BullMQ writes them, but programs in other languages do. */
    const setOptions = async (id: string, options: object): Promise<void> => {
      if (engineCase.kind === 'redis') {
        const redis = new Redis(url);
        await redis.hset(`${namespace}:tasks:${id}`, 'opts', JSON.stringify(options));
        await redis.quit();
      } else {
        const database = new Client({ connectionString: url });
        await database.connect();
        await database.query(`update "bullmq_${namespace}".job set opts = $2 where id = $1`, [id, options]);
        await database.end();
      }
    };
    const ended = (ids: readonly string[]): Promise<unknown> =>
      waitFor('all to end', async () => {
        const states = await Promise.all(ids.map(id => queue.getJobState(id)));
        return states.every(state => state === 'completed' || state === 'failed');
      });
    return { queue, host, facts, setOptions, ended, url, namespace };
  }

  test.each([
    ['null', null],
    ['a count that is no whole number', { count: 10.5 }],
    ['an age of a sum of fractions', { age: 3_600 * 1.1 }],
    ['a limit of another type', { age: 10, limit: 'x' }],
    ['an endless number', 1e300],
  ])(
    'a retention that no engine can keep (%s) ends its job once, and no neighbour is lost',
    async (_name, retention) => {
      const runs = new Map<string, number>();
      const { queue, host, setOptions, ended } = await setup(run => {
        runs.set(run.jobId, (runs.get(run.jobId) ?? 0) + 1);
        if (run.jobId === 's3') throw new Error('no');
      });
      const ids = ['s0', 's1', 's2', 's3', 's4'];
      for (const jobId of ids) await queue.add('task', {}, { jobId, attempts: 1 });
      for (const id of ['s2', 's3']) {
        await setOptions(id, { attempts: 1, removeOnComplete: retention, removeOnFail: retention });
      }
      await host.start();
      await ended(ids);
      expect([...runs.values()]).toEqual([1, 1, 1, 1, 1]);
      expect(await queue.getJobState('s3')).toBe('failed');
      await queue.add('task', {}, { jobId: 'later' });
      await ended(['later']);
    },
  );

  test('a number of log lines that is none is no reason to run again', async () => {
    let runs = 0;
    const { queue, host, setOptions, ended } = await setup(() => {
      runs += 1;
      throw new Error('no');
    });
    await queue.add('task', {}, { jobId: 'odd', attempts: 1 });
    await setOptions('odd', { attempts: 1, keepLogs: 1.5 });
    await host.start();
    await ended(['odd']);
    expect(runs).toBe(1);
  });

  test('a job that leaves a child behind has failed, and is not begun again and again', async () => {
    let runs = 0;
    const { queue, host, facts } = await setup(async (run, tasks) => {
      runs += 1;
      const parent = { id: run.jobId, queue: tasks.qualifiedName };
      await tasks.add('task', {}, { jobId: `child-${runs}`, delay: 600_000, parent });
    });
    const died = facts.next('job.dead');
    await queue.add('task', {}, { jobId: 'parent', attempts: 2 });
    await host.start();
    expect(await died).toMatchObject({ jobId: 'parent', reason: 'attempts-exhausted' });
    expect(runs).toBe(2);
  });
});

test('on Redis a job whose log is of another kind ends once, without its line', async () => {
  const [redisCase] = engineCases.filter(({ kind }) => kind === 'redis');
  if (redisCase === undefined) throw new Error('There is no Redis among the engines.');
  const { url, namespace, cleanup } = await redisCase.open();
  const engine = openEngine({ url, namespace, role: 'worker' });
  let runs = 0;
  const app = defineApp({
    jobs: [task],
    handlers: [
      handle(task, () => {
        runs += 1;
        throw new Error('no');
      }),
    ],
  });
  const facts = new Facts();
  const host = createWorkerHost({ app, engine, facts });
  const redis = new Redis(url);
  try {
    const queue = await engine.queue('tasks');
    await queue.add('task', {}, { jobId: 'odd', attempts: 1 });
    await redis.set(`${namespace}:tasks:odd:logs`, 'no list');
    const died = facts.next('job.dead');
    await host.start();
    await died;
    expect(runs).toBe(1);
    expect(await queue.getJobState('odd')).toBe('failed');
  } finally {
    await host.stop(2_000);
    await redis.quit();
    await cleanup();
  }
});
