import { WaitingError } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { engineCases } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { createWorkerHost } from '../index.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });

describe.each(engineCases)('a job that is run alone on $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function open(): Promise<{ readonly engine: Engine; readonly url: string; readonly namespace: string }> {
    const place = await engineCase.open();
    cleanups.push(() => place.cleanup());
    const { url, namespace } = place;
    const engine = openEngine({ url, namespace, role: 'worker' });
    cleanups.push(() => engine.close(500));
    await engine.migrate();
    return { engine, url, namespace };
  }

  test('a job whose lock is another one by now is not run by whoever was to run it alone', async () => {
    const { engine } = await open();
    const queue = await engine.queue('tasks');
    await queue.add('task', {}, { jobId: 'one' });
    const holder = await stockWorker(engine, 'tasks', () => Promise.reject(new WaitingError()), { name: 'holder' });
    void holder.run();
    await waitFor('it to be held', async () => (await engine.claims('tasks')).length === 1);
    await holder.close(true);
    const runs: string[] = [];
    const app = defineApp({
      jobs: [task],
      handlers: [handle(task, async (_data, { jobId }) => void runs.push(jobId))],
    });
    const alone = createWorkerHost({ app, engine, facts: new Facts(), name: 'alone' });
    cleanups.push(() => alone.stop(1_000));
    const held = { queue: 'tasks', jobName: 'task', jobId: 'one' };
    await alone.adopt({ ...held, token: 'the-lock-of-before' });
    expect(runs).toEqual([]);
    expect(await queue.getJobState('one')).toBe('active');
    const [claim] = await engine.claims('tasks');
    await alone.adopt({ ...held, token: claim?.token ?? '' });
    expect(runs).toEqual(['one']);
  });
});
