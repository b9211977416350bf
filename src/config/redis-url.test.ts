import { expect, test } from 'vitest';
import { Environment } from './environment.ts';
import { readRedisUrl } from './redis-url.ts';

test.each(['', '/', '/0', '/15', '?db=2', '/3?family=6'])('redis://host%s names a database, or none', end => {
  const environment = new Environment({ REDIS_URL: `redis://host${end}` });
  expect(readRedisUrl(environment)?.href).toBe(`redis://host${end}`);
  expect(environment.problems).toEqual([]);
});

test.each(['/hunter2', '/1.5', '/-1', '/1/2', '//1', '/%31', '?db=hunter2', '/99999999999'])(
  'redis://host%s is a fault of the environment, and not repeated',
  end => {
    const environment = new Environment({ REDIS_URL: `redis://host${end}` });
    expect(readRedisUrl(environment)).toBeUndefined();
    expect(environment.problems).toEqual([expect.stringContaining('Expected REDIS_URL to end with the number')]);
    expect(environment.problems[0]).not.toContain('hunter2');
  },
);
