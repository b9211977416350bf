import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { namespace, redisUrl } from '../../../../../tests/support/engines.ts';
import type { NewJob, TurnAnswer } from '../../../turns/index.ts';
import { RedisTurnQueue } from './index.ts';

const NOW = 1_900_000_000_000;
const prefix = namespace();
const redis = new Redis(redisUrl(), { maxRetriesPerRequest: null });
afterAll(() => redis.disconnect());

const job = (id: string, priority: number): NewJob => ({
  id,
  name: 'greet',
  data: '{}',
  opts: { ...(priority > 0 && { priority }) },
  timestamp: NOW,
});

function take(queue: RedisTurnQueue, id: string): Promise<TurnAnswer> {
  const tokens = ['a', 'b', 'c', 'd'].map(each => `${id}-${each}`);
  return queue.turn({
    id,
    now: NOW,
    ends: [],
    take: { tokens, worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 },
  });
}

test('what another program has put in the place of the events makes no job lost: each stands where it stood', async () => {
  const queue = new RedisTurnQueue({ redis, blocking: () => redis, prefix, name: 'plain', sender: 'me' });
  await queue.add([job('ranked', 7), job('first', 0), job('second', 0)]);
  await redis.set(`${prefix}:plain:events`, 'not a stream');
  await expect(take(queue, 'refused')).rejects.toThrow('WRONGTYPE');
  expect(await redis.llen(`${prefix}:plain:active`)).toBe(0);
  await redis.del(`${prefix}:plain:events`);
  const { jobs } = await take(queue, 'again');
  expect(jobs.map(({ id }) => id)).toEqual(['first', 'second', 'ranked']);
});

test('nor where its jobs belong to groups: they become active without a lock, from where the look at stalled jobs brings them back', async () => {
  const limits = [{ name: 'tenant', concurrency: 2 }];
  const queue = new RedisTurnQueue({
    redis,
    blocking: () => redis,
    prefix,
    name: 'grouped',
    sender: 'me',
    settings: { limits },
  });
  await queue.add([job('one', 1), job('two', 1)]);
  await redis.set(`${prefix}:grouped:events`, 'not a stream');
  const { jobs } = await take(queue, 'refused');
  expect(jobs).toEqual([]);
  expect((await redis.lrange(`${prefix}:grouped:active`, 0, -1)).toSorted()).toEqual(['one', 'two']);
});

test('a key of another kind under the id of a job is no job, and those beside it begin', async () => {
  const queue = new RedisTurnQueue({ redis, blocking: () => redis, prefix, name: 'other', sender: 'me' });
  await queue.add([job('one', 0), job('two', 0)]);
  await redis.del(`${prefix}:other:one`);
  await redis.set(`${prefix}:other:one`, 'no job');
  const { jobs } = await take(queue, 'take');
  expect(jobs.map(({ id }) => id)).toEqual(['two']);
  expect(await redis.lrange(`${prefix}:other:active`, 0, -1)).toEqual(['two']);
});
