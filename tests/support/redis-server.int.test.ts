import { expect, test } from 'vitest';
import { startRedis } from './redis-server.ts';

test('a Redis that finds its port taken is an error, though the other one answers in its place', async () => {
  const first = await startRedis();
  try {
    await expect(startRedis({ port: first.port })).rejects.toThrow(
      `redis-server on port ${first.port} ended while it started`,
    );
  } finally {
    await first.stop();
  }
});
