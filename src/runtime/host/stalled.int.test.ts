import { WaitingError } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { engineCases } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { writeMeta } from '../../queue/index.ts';
import { createWorkerHost } from '../index.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** As often as a job may stall, which no test waits for. */
async function stalledOften(engine: Engine, id: string): Promise<void> {
  const backing = await engine.backing();
  if (backing.kind === 'redis') {
    await backing.commands.hset(`${await backing.keys.prefixOf('tasks')}:tasks:${id}`, 'stc', 1_000);
  }
  if (backing.kind === 'postgres') await backing.pool.query('UPDATE job SET stalled_count = 1000 WHERE id = $1', [id]);
}

describe.each(engineCases)('a job that stalls on $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test('is told about with its correlation and its trace, when it is found and when it dies of it', async () => {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const engine = openEngine({ url, namespace, role: 'worker' });
    cleanups.push(() => engine.close(500));
    await engine.migrate();
    const metadata = writeMeta({
      version: 1,
      correlationId: 'order-7',
      traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
    });
    const id = 'one';
    const queue = await engine.queue('tasks');
    await queue.add('task', {}, { jobId: id, ...(metadata !== undefined && { telemetry: { metadata } }) });
    const gone = await stockWorker(engine, 'tasks', () => Promise.reject(new WaitingError()), {
      name: 'gone',
      lockDuration: 500,
      // It is for the host below to find: before it has gone, this one would have the job wait again.
      skipStalledCheck: true,
    });
    void gone.run();
    await waitFor('it to be held', async () => (await engine.claims('tasks')).length === 1);
    await gone.close(true);
    await stalledOften(engine, id);

    const facts = new Facts();
    const found = facts.next('job.stalled');
    const died = facts.next('job.dead');
    const app = defineApp({
      jobs: [task],
      handlers: [handle(task, () => undefined)],
      queues: { tasks: { lock: '500ms' } },
    });
    const host = createWorkerHost({ app, engine, facts });
    cleanups.push(() => host.stop(1_000));
    await host.start();
    const itself = { jobId: id, jobName: 'task', queue: 'tasks', correlationId: 'order-7', traceId: TRACE_ID };
    expect(await found).toEqual(itself);
    expect(await died).toMatchObject({ ...itself, reason: 'stalled' });
  });
});
