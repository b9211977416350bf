import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { openTestDashboard } from '../../tests/support/dashboard.ts';
import { startRedis } from '../../tests/support/redis-server.ts';

test('a Redis that is full is said to be full, not away: whoever reads it looks for memory, not for a network', async () => {
  const redis = await startRedis();
  const fixture = { url: redis.url, namespace: 'full', cleanup: async () => undefined };
  const dashboard = await openTestDashboard({ fixture, users: false });
  const admin = new Redis(redis.url);
  try {
    await admin.config('SET', 'maxmemory', '1mb');
    const answer = await dashboard.send('/dead-letters/cause', {
      method: 'POST',
      headers: { origin: dashboard.url, 'content-type': 'application/json' },
      body: JSON.stringify({ fingerprint: 'f', says: 'known', dryRun: false }),
    });
    expect([answer.status, await answer.json()]).toEqual([
      503,
      {
        error: 'The queue engine takes no writes',
        message: expect.stringContaining('it is out of memory (maxmemory reached)') as string,
      },
    ]);
    await admin.config('SET', 'maxmemory', '0');
  } finally {
    admin.disconnect();
    await dashboard.close();
    await redis.stop();
  }
});
