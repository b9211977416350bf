import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { checkSays } from '../support/check-says.ts';
import { namespace } from '../support/engines.ts';
import { startSentinels, type WatchedRedis } from '../support/redis-sentinel.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { Bus, RedisStreamsTransport } from '../../src/events/index.ts';
import { defineApp, defineEvent, defineJob, handle } from '../../src/contracts/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { connect } from '../../src/queue/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';

const PASSWORD = 'a+b/50%&=';
let redis: WatchedRedis;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  redis = await startSentinels({ password: PASSWORD });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
afterAll(() => redis.stop());

function open(url: string, role: 'producer' | 'worker' = 'producer'): Engine {
  const engine = openEngine({ url, role, namespace: namespace() });
  cleanups.push(() => engine.close());
  return engine;
}

test('a name that the sentinels do not know is said, and not that they are away', async () => {
  const said = await checkSays(
    open(redis.url.replace(redis.master, 'other')),
    'the sentinels know no master of the name in the URL',
  );
  expect(said).toContain('/other ');
});

test('credentials that the sentinels refuse are said to be theirs', async () => {
  const engine = open(redis.url.replace(/\?.*/, '?sentinelPassword=hunter2'));
  expect(await checkSays(engine, 'the sentinels refuse the credentials')).not.toContain('hunter2');
});

test('a sentinel that is away does not matter while another answers; without any it is said', async () => {
  const [host = ''] = redis.sentinels;
  await checkSays(open(redis.url.replace(host, `127.0.0.1:1,${host}`)), '"errors":[]');
  const none = open('redis+sentinel://127.0.0.1:1,127.0.0.1:2/x');
  expect(await checkSays(none, 'no sentinel answers')).toContain('127.0.0.1:1,127.0.0.1:2/x');
});

test('the URL of a replica is refused with the form that names sentinels; its master is warned of being left alone', async () => {
  const master = await startRedis({ config: { 'repl-diskless-sync-delay': '0' } });
  cleanups.push(() => master.stop());
  const replica = await startRedis({ config: { replicaof: `127.0.0.1 ${master.port}` } });
  cleanups.push(() => replica.stop());
  expect(await checkSays(open(replica.url), 'redis+sentinel://HOST:26379/MASTER')).not.toContain('"errors":[]');
  expect(await checkSays(open(master.url), 'min-replicas-to-write 1')).toContain('"errors":[]');
});

test('a master that is cut off from its replicas refuses writes where its settings say so, and the producer is told', async () => {
  const config = { 'repl-diskless-sync-delay': '0', 'min-replicas-to-write': '1', 'min-replicas-max-lag': '1' };
  const master = await startRedis({ config });
  cleanups.push(() => master.stop());
  const replica = await startRedis({ config: { replicaof: `127.0.0.1 ${master.port}` } });
  cleanups.push(() => replica.stop());
  const note = defineJob({ queue: 'tasks', name: 'note', schema: z.object({}) });
  const client = connect({ redis: master.url, namespace: namespace() });
  cleanups.push(() => client.close());
  const enqueue = () => client.enqueue(note, {}).then(() => 'queued', String);
  await waitFor('the replica', async () => (await enqueue()) === 'queued');
  replica.pause();
  await waitFor('the refusal', async () => (await enqueue()).includes('too few replicas are connected'));
  replica.resume();
  await waitFor('the replica to be back', async () => (await enqueue()) === 'queued');
  expect(await enqueue()).toBe('queued');
});

test('a failover under load: what was acknowledged and replicated is run, and work goes on at the new master', async () => {
  const done = new Set<number>();
  const seen = new Set<number>();
  const count = defineJob({ queue: 'tasks', name: 'count', schema: z.object({ n: z.number() }) });
  const counted = defineEvent('task.counted', { schema: z.object({ n: z.number() }) });
  const slow = Promise.withResolvers<void>();
  const app = defineApp({
    jobs: [count],
    events: [counted],
    handlers: [
      handle(count, async ({ n }) => {
        if (n === 0) await slow.promise;
        done.add(n);
      }),
    ],
  });
  const space = namespace();
  const facts = new Facts();
  const lost = new Promise(resolve => facts.on('engine.lost', resolve));
  const engine = openEngine({ url: redis.url, role: 'worker', namespace: space });
  const host = createWorkerHost({ app, engine, facts });
  await host.start();
  cleanups.push(() => host.stop(3_000));
  const client = connect({ redis: redis.url, namespace: space, facts });
  cleanups.push(() => client.close());
  const bus = new Bus({
    events: [counted],
    facts,
    transport: new RedisStreamsTransport({ url: redis.url, namespace: space }),
  });
  cleanups.push(() => bus.close(1_000));
  await bus.subscribe(counted, async ({ payload }) => void seen.add(payload.n), { group: 'all' });

  let next = 0;
  const enqueue = async (): Promise<number | undefined> => {
    const n = next++;
    const queued = await client.enqueue(count, { n }).catch(() => undefined);
    return queued && n;
  };
  const before: number[] = [];
  while (before.length < 40) {
    before.push(...(await Promise.all(Array.from({ length: 40 }, enqueue))).filter(n => n !== undefined));
  }
  await redis.replicated();

  const port = await redis.masterPort();
  const [first, second] = redis.servers;
  // On a machine that is very busy the sentinel may have changed its mind before.
  const old = first.port === port ? first : second;
  // Frozen, and not gone: every connection stands, and no end of one says anything.
  old.pause();
  const load = new AbortController();
  const meanwhile: number[] = [];
  const producing = (async () => {
    while (!load.signal.aborted) meanwhile.push(...[await enqueue()].filter(n => n !== undefined));
  })();
  await lost;
  await waitFor('another master', async () => (await redis.masterPort()) !== old.port);
  await waitFor('jobs at the new master', () => meanwhile.length >= 20);
  load.abort();
  await producing;
  slow.resolve();
  await waitFor('all that was acknowledged to be run', () => [...before, ...meanwhile].every(n => done.has(n)));
  expect(before.every(n => done.has(n))).toBe(true);
  await waitFor('an event', async () => {
    await bus.publish(counted({ n: next }));
    return seen.size > 0;
  });
});
