import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { connect } from '../../src/queue/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { checkSays } from '../support/check-says.ts';
import { namespace } from '../support/engines.ts';
import { NAME, startSentinel, type Sentinel } from '../support/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const PASSWORD = 'a+b/50%&=';
const GUIDE = readFileSync(new URL('../../docs/guides/redis.md', import.meta.url), 'utf8');
const RIGHTS = /user shiftwork on >SECRET (.*)/.exec(GUIDE)?.[1] ?? '';
let redis: RedisServer;
let sentinel: Sentinel;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  redis = await startRedis();
  sentinel = await startSentinel({ masterPort: redis.port, lines: [`user app on >${PASSWORD} ${RIGHTS}`] });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
afterAll(async () => {
  await sentinel.stop();
  await redis.stop();
});

function urlFor(user: string, password: string): string {
  const shown = `sentinelUser=${user}&sentinelPassword=${encodeURIComponent(password)}`;
  return `redis+sentinel://127.0.0.1:${sentinel.port}/${NAME}?${shown}`;
}

function open(url: string): Engine {
  const engine = openEngine({ url, role: 'worker', namespace: namespace() });
  cleanups.push(() => engine.close());
  return engine;
}

test('a user of the sentinels with the rights of the guide is enough: check is content, and jobs run', async () => {
  const url = urlFor('app', PASSWORD);
  await checkSays(open(url), '"errors":[]');
  const ran = Promise.withResolvers<number>();
  const count = defineJob({ queue: 'tasks', name: 'count', schema: z.object({ n: z.number() }) });
  const app = defineApp({ jobs: [count], handlers: [handle(count, ({ n }) => ran.resolve(n))] });
  const space = namespace();
  const engine = openEngine({ url, role: 'worker', namespace: space });
  const host = createWorkerHost({ app, engine });
  await host.start();
  cleanups.push(() => host.stop(3_000));
  const client = connect({ redis: url, namespace: space });
  cleanups.push(() => client.close());
  await client.enqueue(count, { n: 7 });
  expect(await ran.promise).toBe(7);
  const admin = new Redis({ port: sentinel.port });
  cleanups.push(() => admin.disconnect());
  await waitFor('a process to hear of other masters', async () => {
    const clients = await admin.client('LIST');
    return /name=shiftwork-sentinel-watch .* sub=1 /.test(String(clients));
  });
  // Nothing that was asked was refused; whom other tests have tried to be in vain is there too.
  const log: unknown = await admin.call('ACL', 'LOG');
  const refused = Array.isArray(log) ? log.filter(entry => !String(entry).includes('reason,auth,')) : log;
  expect(refused).toEqual([]);
});

test.each([
  ['another password', 'app', 'hunter2'],
  ['a user that they do not know', 'other', PASSWORD],
])('%s is said to be refused by the sentinels, without showing it', async (_, user, password) => {
  const said = await checkSays(open(urlFor(user, password)), 'the sentinels refuse the credentials');
  expect(said).not.toContain(password);
});
