import { Cluster, Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { NewJob } from '../../../turns/index.ts';
import { RedisTurnQueue } from './index.ts';

const JOBS: readonly NewJob[] = Array.from({ length: 200 }, (_, nth) => ({
  id: `job-${nth}`,
  name: 'greet',
  data: '{}',
  opts: {},
  timestamp: 1_900_000_000_000,
}));

/** How many trips of adds are sent before the first is answered. */
async function sentAtOnce(redis: Redis | Cluster): Promise<number> {
  onTestFinished(() => redis.disconnect());
  const sent = vi.spyOn(redis, 'eval').mockImplementation(() => new Promise(() => undefined));
  vi.spyOn(redis, 'hsetnx').mockResolvedValue(1);
  const blocking = (): Redis => new Redis({ lazyConnect: true });
  const queue = new RedisTurnQueue({ redis, blocking, prefix: 'p', name: 'q', sender: 'me' });
  void queue.add(JOBS);
  await new Promise(resolve => setImmediate(resolve));
  return sent.mock.calls.length;
}

test('in a Cluster a trip of adds waits for the answer to the one before, which its node may send on to another', async () => {
  expect(await sentAtOnce(new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }))).toBe(1);
});

test('on one Redis, whose connection keeps their order, a second is behind it', async () => {
  expect(await sentAtOnce(new Redis({ lazyConnect: true }))).toBe(2);
});
