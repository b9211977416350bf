import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { startRedis } from '../../../../tests/support/redis-server.ts';
import { openEngine } from '../../index.ts';
import type { NewFlow } from '../../turns/index.ts';

const server = await startRedis();
const engine = openEngine({ url: server.url, namespace: 'flows', role: 'producer' });
const redis = new Redis(server.url);
afterAll(async () => {
  redis.disconnect();
  await engine.close(1_000);
  await server.stop();
});

function flowOf(name: string): NewFlow {
  const job = (id: string, delay = 0): NewFlow['job'] => {
    return { id, name: 'work', data: '{}', opts: { ...(delay > 0 && { delay }) }, timestamp: 1_900_000_000_000 };
  };
  const child = (nth: number): NewFlow => ({ queue: 'stock', job: job(`${name}-${nth}`, nth % 2), children: [] });
  return { queue: 'post', job: job(name), children: [child(0), child(1), child(2), child(3)] };
}

const standsOf = async (name: string): Promise<number> =>
  redis.exists(`flows:post:${name}`, ...[0, 1, 2, 3].map(nth => `flows:stock:${name}-${nth}`));

test('a flow is added whole to a Redis that has lost the scripts that its connection has sent before', async () => {
  await engine.addFlow(flowOf('first'));
  expect(await standsOf('first')).toBe(5);
  for (const name of ['second', 'third']) {
    await redis.script('FLUSH');
    await engine.addFlow(flowOf(name));
    expect(await standsOf(name)).toBe(5);
  }
});

test('one script alone is known, which would make a part of a flow', async () => {
  await engine.addFlow(flowOf('before'));
  await redis.script('FLUSH');
  // Of another program: it has no children.
  await engine.addFlow({ ...flowOf('lone'), children: [] });
  await engine.addFlow(flowOf('after'));
  expect(await standsOf('after')).toBe(5);
});
