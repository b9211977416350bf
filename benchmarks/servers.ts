import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { startPostgres } from '../local/postgres/index.ts';
import { freePort } from '../tests/support/free-port.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { waitFor } from '../tests/support/wait-for.ts';

/** A server of the run's own, and what it has spent. */
export interface Server {
  readonly kind: 'Redis' | 'PostgreSQL';
  readonly version: string;
  readonly url: string;
  readonly pid: number;
  /** CPU time since its start, microseconds. */
  cpuUs(): Promise<number>;
  /** Commands that it has carried out, those of scripts too (PostgreSQL: statements, which are not counted). */
  commands(): Promise<number>;
  /** What it holds of jobs. */
  bytes(): Promise<number>;
  /** Clients that are connected, without the benchmark's own. */
  connections(): Promise<number>;
  /** After many jobs were added: what a server that has been at work for a minute has done by itself. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** Append-only file, fsync each second, as the guide to Redis has it. */
export async function redisServer(): Promise<Server> {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const read = async (section: string, field: string): Promise<string> =>
    new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(await redis.info(section))?.[1] ?? '';
  return {
    kind: 'Redis',
    version: await read('server', 'redis_version'),
    url: server.url,
    pid: server.pid,
    cpuUs: async () => {
      const info = await redis.info('cpu');
      const seconds = (field: string): number => Number(new RegExp(`^${field}:(.*)$`, 'm').exec(info)?.[1] ?? 0);
      return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
    },
    commands: async () => Number(await read('stats', 'total_commands_processed')),
    bytes: async () => Number(await read('memory', 'used_memory')),
    connections: async () => Number(await read('clients', 'connected_clients')) - 1,
    // It writes its file anew after each 64 MB, some 25,000 jobs: that came into every other sample, of whoever was measured then.
    async settle() {
      // One that it has begun by itself will do, too.
      await redis.bgrewriteaof().catch(() => undefined);
      await waitFor('the append-only file', async () => (await read('persistence', 'aof_rewrite_in_progress')) === '0');
    },
    async stop() {
      await redis.quit();
      await server.stop();
    },
  };
}

/** With fsync on. */
export async function postgresServer(settings: Readonly<Record<string, string>> = {}): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'shiftwork-bench-'));
  await chmod(folder, 0o711);
  const server = await startPostgres({ folder, fallbackFolder: folder, port: await freePort(), settings });
  const pool = new Pool({ connectionString: server.url, max: 1 });
  // A server that stops ends its connections.
  pool.on('error', () => undefined);
  const number = async (text: string): Promise<number> => {
    const { rows } = await pool.query<{ readonly value: string }>(text);
    return Number(rows[0]?.value);
  };
  return {
    kind: 'PostgreSQL',
    version: String(await number("SELECT current_setting('server_version_num')::int / 10000 AS value")),
    url: server.url,
    pid: server.pid,
    cpuUs: () => Promise.resolve(cpuUsOf(server.pid)),
    commands: () => Promise.resolve(Number.NaN),
    bytes: () => number("SELECT pg_total_relation_size('bullmq.job') AS value"),
    connections: () =>
      number(
        "SELECT count(*) AS value FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
      ),
    settle: async () => void (await pool.query('ANALYZE bullmq.job; ANALYZE bullmq.event')),
    async stop() {
      await pool.end();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Of a process and all that it has started; those that have ended are counted by their parent. */
export function cpuUsOf(parent: number): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const stat = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ').map(Number);
      if (Number(pid) === parent) ticks += stat.slice(11, 15).reduce((all, each) => all + each, 0);
      else if (stat[1] === parent) ticks += (stat[11] ?? 0) + (stat[12] ?? 0);
    } catch {
      // It has ended since the list was made.
    }
  }
  return ticks * 10_000;
}
