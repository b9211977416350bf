import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../../tests/support/redis-server.ts';
import { WatchedRedis, type AnswerLimits } from './watched-redis.ts';

let server: RedisServer;
const opened: WatchedRedis[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterEach(() => {
  server.resume();
  for (const redis of opened.splice(0)) redis.disconnect();
});
afterAll(() => server.stop());

async function open(limits: AnswerLimits): Promise<WatchedRedis> {
  const redis = new WatchedRedis(
    { port: server.port, lazyConnect: true, maxRetriesPerRequest: null, disconnectTimeout: 100 },
    limits,
  );
  redis.on('error', () => undefined);
  opened.push(redis);
  await redis.connect();
  return redis;
}

describe('WatchedRedis', () => {
  test('a pipeline among single commands keeps the order', async () => {
    const redis = await open({ silenceMs: 5_000 });
    const singles = Array.from({ length: 20 }, () => redis.incr('order'));
    const piped = redis.pipeline().incr('order').incr('order').exec();
    const last = redis.incr('order');
    expect(await Promise.all(singles)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(await piped).toEqual([
      [null, 21],
      [null, 22],
    ]);
    expect(await last).toBe(23);
  });

  test('a command without an answer is rejected, and the connection lives on', async () => {
    const redis = await open({ answerMs: 2_000, silenceMs: 60_000 });
    const connection = await redis.client('ID');
    server.pause();
    const lone = redis.ping();
    const piped = redis.pipeline().ping().exec();
    await expect(lone).rejects.toThrow('Command timed out');
    expect(await piped).toEqual([[expect.objectContaining({ message: 'Command timed out' })]]);
    server.resume();
    await expect.poll(() => redis.client('ID').catch(() => undefined)).toBe(connection);
  });

  test('a command that waits for the next connection is rejected in time as well', async () => {
    const redis = await open({ answerMs: 2_000, silenceMs: 60_000 });
    server.pause();
    const waiting = redis.ping();
    redis.stream.destroy();
    await expect(waiting).rejects.toThrow('Command timed out');
  });

  test('a connection that is silent although something is asked is cut, and a new one answers what still waits', async () => {
    const redis = await open({ silenceMs: 1_000 });
    const connection = await redis.client('ID');
    server.pause();
    const closed = new Promise<void>(resolve => redis.once('close', resolve));
    const waiting = redis.ping();
    await closed;
    server.resume();
    expect(await waiting).toBe('PONG');
    expect(await redis.client('ID')).not.toBe(connection);
  });

  test('a connection on which nothing is asked may be silent', async () => {
    const redis = await open({ silenceMs: 1_000 });
    const connection = await redis.client('ID');
    const other = await open({ silenceMs: 5_000 });
    // As long as a silence of a second needs to be noticed, and more.
    await other.blpop('nothing', 2);
    // The other one is asked: whatever this one is asked takes time again.
    expect(await other.client('LIST')).toMatch(new RegExp(`^id=${connection} `, 'm'));
  });
});
