import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { freshDatabase } from '../../../tests/support/engines.ts';
import { startRedis, type RedisServer } from '../../../tests/support/redis-server.ts';
import { seedLetters } from '../../../tests/support/seed-letters.ts';
import { MIGRATED_NAMESPACE } from '../../../tests/support/templates.ts';
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

test('on PostgreSQL the page of causes, and the page of one, cost no statement more for each queue', async () => {
  const statements = async (queues: number): Promise<number> => {
    const database = await freshDatabase('migrated_engine');
    const place = { url: database.url, namespace: MIGRATED_NAMESPACE };
    const jobs = Array.from({ length: queues }, (_, n) =>
      defineJob({ queue: `q${n}`, name: `job-${n}`, schema: z.object({}) }),
    );
    const many = defineApp({ jobs, handlers: [] });
    const own = openEngine({ ...place, role: 'producer' });
    onTestFinished(async () => {
      await own.close(1_000);
      await database.drop();
    });
    for (const { queue } of jobs) {
      await seedLetters(place, queue, 4, index => ({ name: 'work', data: '{}', reason: `it is ${'ab'[index % 2]}` }));
      await (await CauseCounter.open(many, own)).compare(queue);
    }
    const look = async (): Promise<void> => {
      const page = new DeadLetters({ engine: own, app: many, bounded: true });
      const groups = await page.groups();
      expect(groups.map(({ count }) => count)).toEqual([queues * 2, queues * 2]);
      await page.standing();
      const day = { from: (groups[0]?.lastEndedAt ?? 0) - 86_400_000, stepMs: 3_600_000, steps: 48 };
      expect((await page.strikes(groups, day)).size).toBe(2);
      const asked = { fingerprint: groups[0]?.fingerprint ?? '', all: true };
      expect(await page.list(asked, 200)).toHaveLength(queues * 2);
      expect(await page.groups(asked)).toHaveLength(1);
    };
    // What is found out once, such as which queues there are.
    await look();
    const sent = vi.spyOn(Pool.prototype, 'query');
    await look();
    const count = sent.mock.calls.length;
    sent.mockRestore();
    return count;
  };
  // On a busy machine what is asked together may leave in two statements, and a look that was kept may be due again.
  // A statement for each queue would add at least eight.
  const [ofTwo, ofTen] = [await statements(2), await statements(10)];
  expect(ofTen - ofTwo, `${ofTwo} statements of two queues, ${ofTen} of ten`).toBeLessThan(8);
});
