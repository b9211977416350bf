import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../../../tests/support/redis-server.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { requireRedisAddress } from '../../../config/index.ts';
import { RedisLink } from './link.ts';
import { RedisStreamsTransport } from './streams-transport.ts';

const addressOf = (url: string) => requireRedisAddress('the URL', url);

let server: RedisServer;
let link: RedisLink;

beforeEach(async () => {
  server = await startRedis();
  link = new RedisLink('redis-streams', addressOf(server.url), 'events');
});
afterEach(async () => {
  await link.close();
  await server.stop();
});

const callsOf = async (command: string): Promise<number> => {
  const stats = String(await link.call(['INFO', 'commandstats']));
  return Number(new RegExp(`cmdstat_${command.replace('|', '\\|')}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
};

test('a read that comes to the server after the word to end it is ended all the same, and gives nothing away', async () => {
  const { redis, clientId } = await link.reader('a test');
  await link.call(['XGROUP', 'CREATE', 'stream', 'group', '$', 'MKSTREAM']);
  const reading = (async () => {
    await waitFor('the word to end it', async () => (await callsOf('client|unblock')) > 0);
    return redis.call('XREADGROUP', 'GROUP', 'group', 'reader', 'BLOCK', '600000', 'STREAMS', 'stream', '>');
  })();
  await link.endRead({ redis, clientId }, reading);
  expect(await reading).toBeNull();
  await link.call(['XADD', 'stream', '*', 'a', 'b']);
  expect(await link.call(['XPENDING', 'stream', 'group'])).toEqual([0, null, null, null]);
});

test('a reader that does not stop is cut by the server', async () => {
  const { redis, clientId } = await link.reader('a test');
  const before = await callsOf('client|kill');
  const closed = new Promise(resolve => redis.once('close', resolve));
  await link.endRead({ redis, clientId }, new Promise(() => undefined));
  await closed;
  expect(await callsOf('client|kill')).toBe(before + 1);
});

test('a database that the server lacks is refused, instead of database 0 in its place', async () => {
  const lost = new RedisLink('redis-streams', addressOf(`${server.url}/99`), 'events');
  try {
    await expect(lost.send('a test', 'SET', 'key', 'value')).rejects.toThrow(
      'it has no database of the number in the URL',
    );
  } finally {
    await lost.close();
  }
  expect(await link.send('a test', 'EXISTS', 'key')).toBe(0);
  expect(() => new RedisStreamsTransport({ url: `${server.url}/abc` })).toThrow('the number of a database');
});
