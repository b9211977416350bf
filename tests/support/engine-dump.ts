import { Redis } from 'ioredis';
import { Pool } from 'pg';
import type { EngineFixture } from './engines.ts';

/** Everything that the engine holds, as text. */
export async function dumpOf({ url, namespace }: EngineFixture, kind: 'redis' | 'postgres'): Promise<string> {
  if (kind === 'postgres') {
    const pool = new Pool({ connectionString: url, max: 1 });
    pool.on('error', () => undefined);
    try {
      return await tablesOf(pool);
    } finally {
      await pool.end();
    }
  }
  const redis = new Redis(url);
  const found: unknown[] = [];
  try {
    for (const key of await redis.keys(`*${namespace}*`)) {
      const read: Readonly<Record<string, () => Promise<unknown>>> = {
        string: () => redis.get(key),
        hash: () => redis.hgetall(key),
        list: () => redis.lrange(key, 0, -1),
        set: () => redis.smembers(key),
        zset: () => redis.zrange(key, '0', '-1'),
        stream: () => redis.call('XRANGE', key, '-', '+'),
      };
      found.push(key, await read[await redis.type(key)]?.());
    }
  } finally {
    redis.disconnect();
  }
  return JSON.stringify(found);
}

/** Every table of a database, as text. */
export async function tablesOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { name } of rows) {
    const read = await pool.query<{ text: string }>(`select t::text as text from ${name} t`);
    texts.push(name, ...read.rows.map(({ text }) => text));
  }
  return texts.join('\n');
}
