import { randomBytes, randomInt } from 'node:crypto';
import { Pool } from 'pg';
import { inject } from 'vitest';
import type { Engine } from '../../src/engine/index.ts';
import { SHARED_DATABASES } from './redis-server.ts';
import { MIGRATED_NAMESPACE, type Template } from './templates.ts';
import { waitFor } from './wait-for.ts';

/** Valid as SHIFTWORK_NAMESPACE, never the same twice. */
export function namespace(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

let database = 0;

/** For the beginning of each file: a worker of Vitest goes on with the next one with what it has loaded. */
export function takeRedisDatabase(): void {
  // Two files may come to the same one.
  database = randomInt(1, SHARED_DATABASES);
}

/**
 * The Redis of this run, shared by all tests: use a namespace. Each file has a database of its own in it: what looks for the queues of a
 * Redis walks all keys, and those of all tests are a hundred thousand.
 */
export function redisUrl(): string {
  return `${inject('redisUrl')}/${database}`;
}

export interface FreshDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database of its own in the PostgreSQL of this run: empty, or with the tables of a template. */
export async function freshDatabase(template?: Template): Promise<FreshDatabase> {
  const name = namespace();
  await administer(`create database ${name}${template === undefined ? '' : ` template ${template}`}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => dropDatabase(name) };
}

/**
 * A pool says that it has ended before its connections have: dropped at once, they would be told so, and a pool that is gone has nobody
 * who listens: its error would end the run. Whoever still holds one after ten seconds is cut off.
 */
async function dropDatabase(name: string): Promise<void> {
  const left = `select 1 from pg_stat_activity where datname = '${name}' limit 1`;
  await waitFor('the connections to end', async () => (await administer(left)) === 0, 10_000).catch(() => undefined);
  await administer(`drop database if exists ${name} with (force)`);
}

export interface EngineFixture {
  readonly url: string;
  readonly namespace: string;
  cleanup(): Promise<void>;
}

/** A kind of engine that an app can run on. */
export interface AnyEngineCase {
  readonly kind: Engine['kind'];
  /** A place of its own on that engine. */
  open(): Promise<EngineFixture>;
}

/** One with a server of this run. */
export interface EngineCase extends AnyEngineCase {
  readonly kind: 'redis' | 'postgres';
}

/** For `describe.each(engineCases)`. */
export const engineCases: readonly EngineCase[] = [
  {
    kind: 'redis',
    open: async () => ({ url: redisUrl(), namespace: namespace(), cleanup: async () => undefined }),
  },
  {
    kind: 'postgres',
    async open() {
      // Its tables are there: to make them takes five times as long as to copy them.
      const database = await freshDatabase('migrated_engine');
      return { url: database.url, namespace: MIGRATED_NAMESPACE, cleanup: () => database.drop() };
    },
  },
];

let administrator: Pool | undefined;

/** Answers how many rows there are. */
async function administer(sql: string): Promise<number> {
  // One connection for all tests of this process.
  administrator ??= new Pool({ connectionString: inject('postgresUrl'), max: 1, allowExitOnIdle: true }).on(
    'error',
    () => undefined,
  );
  const { rowCount } = await administrator.query(sql);
  return rowCount ?? 0;
}
