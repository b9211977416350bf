import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { startRedis, type RedisServer } from './redis-server.ts';
import { waitFor } from './wait-for.ts';

export interface SentinelOptions {
  /** What its clients have to show. */
  readonly password?: string;
  /** How many sentinels; one by default, whose word is enough. */
  readonly count?: number;
  /** Settings of the servers that hold data. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Two servers, of which sentinels make one the master. */
export interface WatchedRedis {
  readonly master: string;
  /** `host:port` of each sentinel. */
  readonly sentinels: readonly string[];
  /** As REDIS_URL has it. */
  readonly url: string;
  /** The first is the master at the start. */
  readonly servers: readonly [RedisServer, RedisServer];
  /** The port of the master, as the sentinels see it. */
  masterPort(): Promise<number>;
  /** Resolves when the replica has what the master had at the call. */
  replicated(): Promise<void>;
  stop(): Promise<void>;
}

/** What the sentinels call their master. */
export const NAME = 'jobs.main';
/** Without it a replica waits 5 s for others that could be served with it. */
const AT_ONCE = { 'repl-diskless-sync-delay': '0' };

export async function startSentinels({
  password,
  count = 1,
  config = {},
}: SentinelOptions = {}): Promise<WatchedRedis> {
  const first = await startRedis({ config: { ...AT_ONCE, ...config } });
  const second = await startRedis({ config: { ...AT_ONCE, ...config, replicaof: `127.0.0.1 ${first.port}` } });
  const connections = [first, second].map(({ port }) => quiet(port));
  const [, other] = connections;
  const linked = async () => (await other?.info('replication'))?.includes('master_link_status:up');
  await waitFor('the replica to follow', linked);
  const sentinels = await Promise.all(
    Array.from({ length: count }, () =>
      startSentinel({ masterPort: first.port, quorum: Math.floor(count / 2) + 1, password }),
    ),
  );
  const asked = sentinels.map(({ port }) => quiet(port, password));
  const [ask] = asked;
  // A sentinel knows of replicas and of other sentinels some time after its start.
  for (const each of asked) {
    await waitFor('the sentinels to know of all', async () => {
      const replicas: unknown = await each.call('SENTINEL', 'replicas', NAME);
      const others: unknown = await each.call('SENTINEL', 'sentinels', NAME);
      return lengthOf(replicas) === 1 && lengthOf(others) === count - 1;
    });
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`);
  const shown = password === undefined ? '' : `?sentinelPassword=${encodeURIComponent(password)}`;
  return {
    master: NAME,
    sentinels: hosts,
    url: `redis+sentinel://${hosts.join(',')}/${NAME}${shown}`,
    servers: [first, second],
    async masterPort() {
      const found: unknown = await ask?.call('SENTINEL', 'get-master-addr-by-name', NAME);
      return Number(Array.isArray(found) ? found[1] : Number.NaN);
    },
    async replicated() {
      const offsets = async (): Promise<readonly number[]> =>
        Promise.all(connections.map(async each => offsetIn(await each.info('replication'))));
      const told = Math.max(...(await offsets()));
      await waitFor('the replica to have it all', async () => Math.min(...(await offsets())) >= told);
    },
    async stop() {
      for (const connection of [...connections, ...asked]) connection.disconnect();
      await Promise.all(sentinels.map(sentinel => sentinel.stop()));
      await Promise.all([first.stop(), second.stop()]);
    },
  };
}

export interface Sentinel {
  readonly port: number;
  stop(): Promise<void>;
}

export interface OneSentinelOptions {
  readonly masterPort: number;
  readonly quorum?: number;
  readonly password?: string | undefined;
  /** More lines of its configuration. */
  readonly lines?: readonly string[];
}

export async function startSentinel({
  masterPort,
  quorum = 1,
  password,
  lines: more = [],
}: OneSentinelOptions): Promise<Sentinel> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'shiftwork-sentinel-'));
  const file = join(folder, 'sentinel.conf');
  // It writes what it learns into its own configuration.
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    ...more,
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${quorum}`,
    `sentinel down-after-milliseconds ${NAME} 1500`,
    `sentinel failover-timeout ${NAME} 2000`,
    ...(password === undefined ? [] : [`requirepass ${password}`, `sentinel sentinel-pass ${password}`]),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const child: ChildProcess = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  const redis = quiet(port, password);
  try {
    await waitFor(`the sentinel on port ${port}`, async () => (await redis.ping()) === 'PONG');
  } finally {
    redis.disconnect();
  }
  return {
    port,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A connection of the test's own, that comes back by itself and says nothing. */
function quiet(port: number, password?: string): Redis {
  const options = { port, protocol: 2, retryStrategy: () => 100, maxRetriesPerRequest: 1 } as const;
  const redis = new Redis({ ...options, ...(password !== undefined && { password }) });
  redis.on('error', () => undefined);
  return redis;
}

function lengthOf(reply: unknown): number {
  return Array.isArray(reply) ? reply.length : -1;
}

/** Of a replica how far it has come, of a master how far it is. */
function offsetIn(info: string): number {
  return Number(/(?:slave_repl_offset|master_repl_offset):(\d+)/.exec(info)?.[1] ?? -1);
}
