import { expect, test } from 'vitest';
import { z } from 'zod';
import { namespace, redisUrl } from '../../../tests/support/engines.ts';
import { monitorRedis } from '../../../tests/support/redis-monitor.ts';
import { defineApp, defineJob } from '../../contracts/index.ts';
import { DeadLetters } from '../../dead-letters/index.ts';
import { openEngine } from '../../engine/index.ts';
import { WorkReader } from './read-work.ts';

/** Scripts that a look of the overview sends: what else it sends is INFO, and a list of clients. */
async function scriptsOfALook(queues: number): Promise<number> {
  const place = { url: redisUrl(), namespace: namespace() };
  const jobs = Array.from({ length: queues }, (_, n) =>
    defineJob({ queue: `q${n}`, name: `j${n}`, schema: z.object({}) }),
  );
  const app = defineApp({ jobs, handlers: [] });
  const engine = openEngine({ ...place, role: 'producer' });
  const opened = new Map(
    await Promise.all([...app.queues.keys()].map(async name => [name, await engine.queue(name)] as const)),
  );
  const letters = new DeadLetters({ engine, app, bounded: true });
  const look = (): Promise<unknown> => new WorkReader({ app, engine, queues: () => opened, letters }).read();
  // What is found out once, such as which queues there are.
  await look();
  const monitor = await monitorRedis(place.url);
  await look();
  await monitor.stop();
  await engine.close(1_000);
  return monitor.commands.filter(([name = '', , , key = '']) => /^eval/i.test(name) && key.startsWith(place.namespace))
    .length;
}

test('a look of the overview costs a Redis as many commands for fifty queues as for one', async () => {
  const one = await scriptsOfALook(1);
  expect(one).toBeGreaterThan(3);
  expect(one).toBeLessThanOrEqual(14);
  expect(await scriptsOfALook(50)).toBe(one);
});
