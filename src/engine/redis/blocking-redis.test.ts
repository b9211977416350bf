import { expect, test } from 'vitest';
import { freePort } from '../../../tests/support/free-port.ts';
import { BlockingRedis } from './blocking-redis.ts';

test('a connection that is disconnected between two attempts says its end, settles what waits, and does not come back', async () => {
  const redis = new BlockingRedis({ port: await freePort(), maxRetriesPerRequest: null, retryStrategy: () => 600_000 });
  redis.on('error', () => undefined);
  const says = (event: string) => new Promise(resolve => redis.once(event, resolve));
  const read = redis.bzpopmin('nothing', 0);
  read.catch(() => undefined);
  await says('reconnecting');
  const ended = says('end');
  redis.disconnect();
  await ended;
  await expect(read).rejects.toThrow('Connection is closed.');
  expect(redis.status).toBe('end');
});
