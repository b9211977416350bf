import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { namespace, redisUrl } from '../../../../../tests/support/engines.ts';
import { waitFor } from '../../../../../tests/support/wait-for.ts';
import { LostSigns } from './lost-signs.ts';
import { WorkSignal } from './work-signal.ts';

const redis = new Redis(redisUrl(), { maxRetriesPerRequest: null });
const NOW = 1_900_000_000_000;
const NEVER = new AbortController().signal;

afterAll(() => redis.disconnect());

const isSigned = async (prefix: string): Promise<boolean> => (await redis.exists(`${prefix}marker`)) === 1;

test('where work waits and its sign was lost, those who sleep get another', async () => {
  const root = namespace();
  const [waits, due, later, awake] = ['waits', 'due', 'later', 'awake'].map(name => `${root}:${name}:`);
  if (!waits || !due || !later || !awake) throw new Error('no names');
  await redis.lpush(`${waits}wait`, 'a');
  await redis.lpush(`${awake}wait`, 'a');
  await redis.zadd(`${due}delayed`, NOW * 4096, 'b');
  await redis.zadd(`${later}delayed`, (NOW + 1) * 4096, 'c');
  const lost = new LostSigns(redis, () => NOW, 10);
  lost.sleeps(awake)();
  for (const prefix of [later, due, waits]) lost.sleeps(prefix);
  await waitFor('two signs', async () => (await isSigned(waits)) && (await isSigned(due)));
  expect([await isSigned(later), await isSigned(awake)]).toEqual([false, false]);
  lost.stop();
});

test('a sign that comes to a worker which waits no more is left to others', async () => {
  const prefix = `${namespace()}:given-back:`;
  const blocking = redis.duplicate();
  const signal = new WorkSignal({ blocking, commands: redis, prefix });
  await signal.wait(NOW, NOW + 1, NEVER);
  // The read of that wait is still under way: it takes the sign.
  await redis.zadd(`${prefix}marker`, 0, '0');
  await waitFor('the sign to stay', () => isSigned(prefix));
  await signal.wait(NOW, undefined, NEVER);
  expect(await isSigned(prefix)).toBe(false);
  blocking.disconnect();
});

test('who waits for a delayed job hears of one that is due earlier, and wakes for it', async () => {
  const prefix = `${namespace()}:earlier:`;
  const blocking = redis.duplicate();
  const signal = new WorkSignal({ blocking, commands: redis, prefix });
  const waiting = signal.wait(NOW, NOW + 3_600_000, NEVER);
  await redis.zadd(`${prefix}marker`, NOW + 5, '1');
  await waiting;
  expect(await isSigned(prefix)).toBe(false);
  blocking.disconnect();
});
