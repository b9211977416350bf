import { afterAll, beforeAll } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { fairContract } from '../../src/engine/suites/fair.contract-suite.ts';
import { queuesContract } from '../../src/engine/suites/queues.contract-suite.ts';
import { RedisPubSubTransport, RedisStreamsTransport } from '../../src/events/index.ts';
import { transportContract } from '../../src/events/transport.contract-suite.ts';
import { stateContract } from '../../src/state/store/state-store.contract-suite.ts';
import { namespace } from '../support/engines.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';

/** What every engine and every transport promises, on three masters. */
let cluster: TestCluster;
let engine: Engine;

beforeAll(async () => {
  cluster = await startCluster();
  engine = openEngine({ url: cluster.url, role: 'worker', namespace: namespace() });
});
afterAll(async () => {
  await engine.close();
  await cluster.stop();
});

const openFixture = async () => ({ url: cluster.url, namespace: namespace(), cleanup: async () => undefined });
const STREAMS = { durable: true, replay: true, ordered: true, fanOut: true, groups: true };
const CHANNELS = { durable: false, replay: false, ordered: true, fanOut: true, groups: false };

stateContract({ kind: 'redis', open: openFixture });
queuesContract({ kind: 'redis', openFixture });
fairContract('a cluster', async (name, limits) => {
  const stored = await engine.queue(name);
  return {
    queue: await engine.turns(name, { limits }),
    stateOf: id => stored.getJobState(id),
    mark: async (id, progress) => (await stored.getJob(id))?.updateProgress(progress),
    remove: async id => (await stored.getJob(id))?.remove(),
    replay: async id => (await stored.getJob(id))?.retry('failed'),
    handBack: async ({ id, token }) => (await stored.getJob(id))?.moveToWait(token),
    close: async () => undefined,
  };
});
transportContract('redis-streams', STREAMS, async () => {
  const options = { url: cluster.url, namespace: namespace(), claimAfterMs: 60_000, inspectEveryMs: 50 };
  return { open: () => new RedisStreamsTransport(options), cleanup: async () => undefined };
});
transportContract('redis-pubsub', CHANNELS, async () => {
  const options = { url: cluster.url, namespace: namespace(), inspectEveryMs: 50 };
  return { open: () => new RedisPubSubTransport(options), cleanup: async () => undefined };
});
