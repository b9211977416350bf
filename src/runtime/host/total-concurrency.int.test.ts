import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, type App, type QueueDefinition } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { connect } from '../../queue/index.ts';
import { createWorkerHost } from './worker-host.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({ n: z.number() }) });

describe.each(engineCases)('total concurrency on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test('no more jobs of a queue run at once in all workers than it says, all run, and no limit stays behind', async () => {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const facts = new Facts();
    let now = 0;
    let most = 0;
    let expected = 3;
    const appOf = (tasks: QueueDefinition): App =>
      defineApp({
        jobs: [task],
        handlers: [
          handle(task, async () => {
            most = Math.max(most, (now += 1));
            // However slowly they are taken: none ends before as many run as are expected.
            await waitFor(`${expected} at once`, () => most >= expected);
            await pause(20);
            now -= 1;
          }),
        ],
        queues: { tasks },
      });
    const start = async (definition: QueueDefinition): Promise<() => Promise<void>> => {
      const engine = openEngine({ url, namespace, role: 'worker' });
      await engine.migrate();
      const host = createWorkerHost({ app: appOf(definition), engine, facts });
      cleanups.push(() => host.stop(2_000));
      await host.start();
      return () => host.stop(2_000);
    };
    const client = connect({ [engineCase.kind]: url, namespace, facts });
    const stops = await Promise.all([1, 2].map(() => start({ concurrency: 10, totalConcurrency: 3 })));
    cleanups.push(() => client.close());
    const run = async (count: number): Promise<void> => {
      const jobs = await client.enqueueMany(Array.from({ length: count }, (_, n) => task({ n })));
      await waitFor('all to succeed', async () => {
        const views = await Promise.all(jobs.map(({ id }) => client.job(id)));
        return views.every(view => view?.state === 'succeeded' && view.attemptsMade === 1);
      });
    };
    await run(20);
    expect(most).toBe(3);
    // The next release has no such limit.
    await Promise.all(stops.map(stop => stop()));
    await start({ concurrency: 10 });
    [most, expected] = [0, 4];
    await run(20);
    expect(most).toBeGreaterThan(3);
  });
});
