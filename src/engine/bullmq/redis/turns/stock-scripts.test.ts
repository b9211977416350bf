import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { StockScripts } from './stock-scripts.ts';

test('an error of the connection, such as a server that is away, ends no process', () => {
  const redis = new Redis({ lazyConnect: true });
  redis.on('error', () => undefined);
  const scripts = new StockScripts(redis, 'bull', 'email', 0);
  expect(() => redis.emit('error', new Error('connect ECONNREFUSED'))).not.toThrow();
  expect(() => scripts.emit('error', new Error('connect ECONNREFUSED'))).not.toThrow();
  redis.disconnect();
});
