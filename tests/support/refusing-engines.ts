import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { freePort } from './free-port.ts';
import { startPostgres } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';
import { waitFor } from './wait-for.ts';

/** An engine of a test's own that answers and takes no writes while it is told to. */
export interface RefusingEngine {
  readonly url: string;
  refuse(): Promise<void>;
  relent(): Promise<void>;
  stop(): Promise<void>;
}

export interface WayToRefuse {
  readonly engine: 'redis' | 'postgres';
  /** What the server says; the name in tests. */
  readonly code: string;
  /** In the words in which it is told to people. */
  readonly words: string;
  start(): Promise<RefusingEngine>;
}

function ofRedis(
  code: string,
  words: string,
  refuse: (redis: Redis) => Promise<unknown>,
  relent: (redis: Redis) => Promise<unknown>,
): WayToRefuse {
  return {
    engine: 'redis',
    code,
    words,
    async start() {
      const server = await startRedis({ config: { save: '3600 1' } });
      const redis = new Redis(server.url);
      return {
        url: server.url,
        refuse: async () => void (await refuse(redis)),
        relent: async () => void (await relent(redis)),
        async stop() {
          redis.disconnect();
          await server.stop();
        },
      };
    },
  };
}

function ofPostgres(
  code: string,
  words: string,
  refuse: (client: Client, url: string) => Promise<unknown>,
  relent: (client: Client, url: string) => Promise<unknown>,
): WayToRefuse {
  return {
    engine: 'postgres',
    code,
    words,
    async start() {
      const server = await startPostgres();
      const client = new Client({ connectionString: server.url });
      client.on('error', () => undefined);
      await client.connect();
      return {
        url: server.url,
        refuse: async () => void (await refuse(client, server.url)),
        relent: async () => void (await relent(client, server.url)),
        async stop() {
          await client.end();
          await server.stop();
        },
      };
    },
  };
}

async function readOnly(client: Client, url: string, value: 'on' | 'off'): Promise<void> {
  await client.query('set session characteristics as transaction read write');
  await client.query(`alter system set default_transaction_read_only = ${value}`);
  await client.query('select pg_reload_conf()');
  // The server reads the new value, then tells all sessions, then takes new ones: where a new session has it, the others were told.
  await waitFor('the setting', async () => {
    const session = new Client({ connectionString: url });
    await session.connect();
    try {
      const { rows } = await session.query<{ value: string }>(
        `select current_setting('default_transaction_read_only') as value`,
      );
      return rows[0]?.value === value;
    } finally {
      await session.end();
    }
  });
}

/** As the server says it of a table that cannot grow; in every schema of the engine, whose tables all have rows written. */
const DISK_FULL = `
  create or replace function public.refuse() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
  do $$ declare t record; begin
    for t in select schemaname as s, tablename as n from pg_tables where schemaname like 'bullmq%' loop
      execute format('create trigger refused before insert or update on %I.%I for each row execute function public.refuse()', t.s, t.n);
    end loop;
  end $$`;

/** Every way in which an engine can answer and take no writes, on servers of the test's own. */
export const waysToRefuse: readonly WayToRefuse[] = [
  ofRedis(
    'OOM',
    'out of memory',
    redis => redis.config('SET', 'maxmemory', '1'),
    redis => redis.config('SET', 'maxmemory', '0'),
  ),
  ofRedis(
    'MISCONF',
    'cannot save to its disk',
    async redis => {
      // Where the snapshot is to stand, a folder stands. One that is still being written may put its file there meanwhile.
      const snapshot = await snapshotOf(redis);
      await waitFor('the folder', async () => {
        await rm(snapshot, { recursive: true, force: true });
        await mkdir(snapshot);
        return true;
      });
      await waitFor('the snapshot to fail', () => savedAs('err', redis));
    },
    async redis => {
      await rm(await snapshotOf(redis), { recursive: true, force: true });
      await waitFor('a snapshot', () => savedAs('ok', redis));
    },
  ),
  ofRedis(
    'READONLY',
    'read-only replica',
    async redis => redis.replicaof('127.0.0.1', await freePort()),
    redis => redis.replicaof('NO', 'ONE'),
  ),
  ofRedis(
    'NOREPLICAS',
    'too few replicas',
    redis => redis.config('SET', 'min-replicas-to-write', '1'),
    redis => redis.config('SET', 'min-replicas-to-write', '0'),
  ),
  ofPostgres(
    '25006',
    'read-only',
    (client, url) => readOnly(client, url, 'on'),
    (client, url) => readOnly(client, url, 'off'),
  ),
  ofPostgres(
    '53100',
    'disk of the server is full',
    client => client.query(DISK_FULL),
    client => client.query('drop function public.refuse() cascade'),
  ),
];

/** Whether the last snapshot ended so; begins one where none is under way. */
async function savedAs(status: 'ok' | 'err', redis: Redis): Promise<boolean> {
  const info = await redis.info('persistence');
  if (info.includes('rdb_bgsave_in_progress:1')) return false;
  if (info.includes(`rdb_last_bgsave_status:${status}`)) return true;
  await redis.bgsave().catch(() => undefined);
  return false;
}

async function snapshotOf(redis: Redis): Promise<string> {
  const folder: unknown = ((await redis.config('GET', 'dir')) as string[])[1];
  return join(String(folder), 'dump.rdb');
}
