import { afterAll, beforeAll } from 'vitest';
import { queuesContract } from '../../src/engine/suites/queues.contract-suite.ts';
import { RedisPubSubTransport, RedisStreamsTransport } from '../../src/events/index.ts';
import { transportContract } from '../../src/events/transport.contract-suite.ts';
import { stateContract } from '../../src/state/store/state-store.contract-suite.ts';
import { namespace } from '../support/engines.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';

/** What every engine and every transport promises, on three masters. */
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const openFixture = async () => ({ url: cluster.url, namespace: namespace(), cleanup: async () => undefined });
const STREAMS = { durable: true, replay: true, ordered: true, fanOut: true, groups: true };
const CHANNELS = { durable: false, replay: false, ordered: true, fanOut: true, groups: false };

stateContract({ kind: 'redis', open: openFixture });
queuesContract({ kind: 'redis', openFixture });
transportContract('redis-streams', STREAMS, async () => {
  const options = { url: cluster.url, namespace: namespace(), claimAfterMs: 60_000, inspectEveryMs: 50 };
  return { open: () => new RedisStreamsTransport(options), cleanup: async () => undefined };
});
transportContract('redis-pubsub', CHANNELS, async () => {
  const options = { url: cluster.url, namespace: namespace(), inspectEveryMs: 50 };
  return { open: () => new RedisPubSubTransport(options), cleanup: async () => undefined };
});
