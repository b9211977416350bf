import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { startRedis, type RedisServer } from './redis-server.ts';
import { waitFor } from './wait-for.ts';

export interface ClusterOptions {
  readonly masters?: number;
  /** Whether each master has a replica. */
  readonly replicas?: boolean;
  readonly config?: Readonly<Record<string, string>>;
}

export interface ClusterNode {
  readonly server: RedisServer;
  /** A connection of the test's own, to this node alone. */
  readonly redis: Redis;
  readonly id: string;
}

/** A Redis Cluster of a test's own. */
export interface TestCluster {
  /** As REDIS_URL has it. */
  readonly url: string;
  /** Each holds an even share of the slots, in their order. */
  readonly masters: readonly ClusterNode[];
  readonly replicas: readonly ClusterNode[];
  /** The master at the start that holds a slot. */
  ownerOf(slot: number): ClusterNode;
  /** The one that is its master now: on a very busy machine a replica may have taken over by itself. */
  masterOf(slot: number): Promise<ClusterNode>;
  /** Resolves when the replicas have what their masters had at the call. */
  replicated(): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** As `redis-cli --cluster create` does it, without its pauses. */
export async function startCluster({
  masters: count = 3,
  replicas = false,
  config = {},
}: ClusterOptions = {}): Promise<TestCluster> {
  const all = await Promise.all(Array.from({ length: replicas ? 2 * count : count }, () => startNode(config)));
  const masters = all.slice(0, count);
  const followers = all.slice(count);
  const [first] = masters;
  const share = Math.ceil(SLOTS / count);
  for (const [index, { redis }] of masters.entries()) {
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', index * share, Math.min(SLOTS, (index + 1) * share) - 1);
    // Two with one epoch would have to settle it among themselves.
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const { server, busPort } of all.slice(1))
    await first?.redis.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
  const infoOf = async ({ redis }: ClusterNode): Promise<string> => String(await redis.call('CLUSTER', 'INFO'));
  for (const node of all) {
    await waitFor('the nodes to know each other', async () =>
      (await infoOf(node)).includes(`cluster_known_nodes:${all.length}\r`),
    );
  }
  for (const [index, { redis }] of followers.entries()) {
    const of = masters[index]?.id ?? '';
    await waitFor('a replica to know its master', () => redis.call('CLUSTER', 'REPLICATE', of));
    await waitFor('a replica to follow', async () =>
      (await redis.info('replication')).includes('master_link_status:up'),
    );
  }
  for (const node of all) {
    await waitFor('the cluster', async () => (await infoOf(node)).includes('cluster_state:ok'));
    // Until it has heard who holds what, it sends clients to the wrong place.
    await waitFor('all slots', async () => (await infoOf(node)).includes(`cluster_slots_ok:${SLOTS}\r`));
  }
  return {
    url: `redis+cluster://${masters.map(({ server }) => `127.0.0.1:${server.port}`).join(',')}`,
    masters,
    replicas: followers,
    ownerOf(slot) {
      const owner = masters[Math.floor(slot / share)];
      if (owner === undefined) throw new Error(`Nobody holds slot ${slot}.`);
      return owner;
    },
    async replicated() {
      for (const [index, master] of masters.entries()) {
        const pair = [master, ...followers.slice(index, index + 1)];
        const offsets = async (): Promise<readonly number[]> =>
          Promise.all(pair.map(async ({ redis }) => offsetIn(await redis.info('replication'))));
        const told = Math.max(...(await offsets()));
        await waitFor('a replica to have it all', async () => Math.min(...(await offsets())) >= told);
      }
    },
    async masterOf(slot) {
      const index = Math.floor(slot / share);
      for (const node of [masters[index], followers[index]]) {
        if (node !== undefined && (await node.redis.info('replication')).includes('role:master')) return node;
      }
      throw new Error(`Nobody is the master of slot ${slot}.`);
    },
    async stop() {
      for (const { redis } of all) redis.disconnect();
      await Promise.all(all.map(({ server }) => server.stop()));
    },
  };
}

async function startNode(
  config: Readonly<Record<string, string>>,
): Promise<ClusterNode & { readonly busPort: number }> {
  const busPort = await freePort();
  const server = await startRedis({
    config: {
      'cluster-enabled': 'yes',
      'cluster-config-file': 'nodes.conf',
      'cluster-port': String(busPort),
      // On a busy machine a node may be slow to answer, and is not away for it. A test of a failover has a shorter one.
      'cluster-node-timeout': '15000',
      'repl-diskless-sync-delay': '0',
      ...config,
    },
  });
  const redis = new Redis({ port: server.port, protocol: 2, retryStrategy: () => 100, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  return { server, redis, busPort, id: String(await redis.call('CLUSTER', 'MYID')) };
}

/** Of a replica how far it has come, of a master how far it is. */
function offsetIn(info: string): number {
  return Number(/(?:slave_repl_offset|master_repl_offset):(\d+)/.exec(info)?.[1] ?? -1);
}
