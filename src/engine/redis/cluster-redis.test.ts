import { expect, test } from 'vitest';
import { parseRedisAddress } from '../../config/index.ts';
import { ClusterRedis } from './cluster-redis.ts';

test('commands that are refused for lack of a cluster, in a loop, let the process notice that it is back', async () => {
  // The port of nobody.
  const { address } = parseRedisAddress('REDIS_URL', 'redis+cluster://127.0.0.1:1');
  if (address?.kind !== 'cluster') throw new Error('It is the address of a cluster.');
  const redis = new ClusterRedis({
    address,
    server: { lazyConnect: true, retryStrategy: () => 50 },
    limits: { silenceMs: 5_000 },
    tries: 1,
    waits: false,
    refused: () => undefined,
  });
  redis.on('error', () => undefined);
  redis.connect().catch(() => undefined);
  const turned = new AbortController();
  setImmediate(() => turned.abort());
  for (let tries = 0; tries < 10_000 && !turned.signal.aborted; tries += 1) {
    await expect(redis.get('key')).rejects.toThrow();
  }
  expect(turned.signal.aborted).toBe(true);
  redis.disconnect();
});
