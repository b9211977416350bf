import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startRedis, type RedisServer } from '../../../tests/support/redis-server.ts';
import { seedLetters } from '../../../tests/support/seed-letters.ts';
import { defineApp, defineJob } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { DeadLetters } from '../dead-letters.ts';
import { CauseCounter } from './cause-counter.ts';

const work = defineJob({ queue: 'costs', name: 'work', schema: z.object({ n: z.number() }) });
const app = defineApp({ jobs: [work], handlers: [] });

let server: RedisServer;
let redis: Redis;
let engine: Engine;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  engine = openEngine({ url: server.url, namespace: 'cost', role: 'producer' });
  await engine.queue('costs');
});
afterAll(async () => {
  redis.disconnect();
  await engine.close();
  await server.stop();
});

/** Commands that the server ran while somebody looked, also those inside of scripts. */
async function commandsOf(look: () => Promise<unknown>): Promise<number> {
  await redis.config('RESETSTAT');
  await look();
  const stats = await redis.info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_([a-z|]+):calls=(\d+)/gm)];
  const isOurs = (name = ''): boolean => !/^(config|info|client|hello|ping|command)/.test(name);
  return calls.filter(([, name]) => isOurs(name)).reduce((sum, [, , count]) => sum + Number(count), 0);
}

test('the page of causes costs a bounded number of commands, whatever a queue holds, and a few where all is counted', async () => {
  const page = new DeadLetters({ engine, app, bounded: true });
  const look = async (): Promise<void> => {
    await page.groups();
    await page.standing();
  };
  await seedLetters({ url: server.url, namespace: 'cost' }, 'costs', 1_000, index => ({
    name: 'work',
    data: '{"n":1}',
    reason: `number ${index} is odd`,
  }));
  await look();
  // 200 letters are read and counted, seven commands of the script for each of them among these.
  expect(await commandsOf(look)).toBeLessThan(250 + 200 * 7);
  await (await CauseCounter.open(app, engine)).compare('costs');
  expect(await commandsOf(look)).toBeLessThan(40);
  // When they struck is asked of each queue for the causes of all.
  const others = Array.from({ length: 200 }, (_, n) => ({ fingerprint: `other-${n}` }));
  const [own] = await page.groups();
  if (own === undefined) throw new Error('No cause was counted.');
  const day = { from: (own.lastEndedAt ?? 0) - 86_400_000, stepMs: 3_600_000, steps: 48 };
  let struck: ReadonlyMap<string, readonly number[]> = new Map();
  expect(await commandsOf(async () => (struck = await page.strikes([...others, own], day)))).toBeLessThan(300);
  expect(struck.get(own.fingerprint)?.reduce((sum, count) => sum + count, 0)).toBe(own.count);
  expect(struck.size).toBe(1);
});
