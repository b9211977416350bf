import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startRedis } from '../../../tests/support/redis-server.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { createWorkerHost } from '../index.ts';

const QUEUES = 50;
const WATCHED_MS = 2_000;

test('an idle host of fifty queues asks Redis for at most twenty commands a second, and has one connection for each queue beside one for all', async () => {
  // Its own: what others ask is counted too.
  const server = await startRedis({ config: { appendonly: 'no' } });
  const asker = new Redis(server.url);
  const names = Array.from({ length: QUEUES }, (_, nth) => `queue-${nth}`);
  const jobs = names.map(queue => defineJob({ queue, name: `work-${queue}`, schema: z.object({}) }));
  const app = defineApp({ jobs, handlers: jobs.map(job => handle(job, () => undefined)) });
  const engine = openEngine({ url: server.url, role: 'worker' });
  const host = createWorkerHost({ app, engine, facts: new Facts() });
  const figure = async (section: string, name: string) =>
    Number(new RegExp(`${name}:(\\d+)`).exec(await asker.info(section))?.[1]);
  const commands = () => figure('stats', 'total_commands_processed');
  try {
    await host.start();
    await waitFor('all queues to wait', async () => (await figure('clients', 'blocked_clients')) === QUEUES);
    // What the start has left to do is done when little is asked.
    const perSecond = async () => {
      const [before, begun] = [await commands(), performance.now()];
      await pause(WATCHED_MS);
      return ((await commands()) - before - 1) / ((performance.now() - begun) / 1_000);
    };
    await waitFor('it to ask little', async () => (await perSecond()) <= 20);
    // The asker's is one of them.
    expect(await figure('clients', 'connected_clients')).toBeLessThanOrEqual(QUEUES + 2);
  } finally {
    await host.stop(2_000);
    await engine.close();
    asker.disconnect();
    await server.stop();
  }
});
