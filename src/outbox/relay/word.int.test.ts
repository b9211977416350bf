import { Pool, type PoolClient } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  engineCases,
  freshDatabase,
  type EngineCase,
  type EngineFixture,
  type FreshDatabase,
} from '../../../tests/support/engines.ts';
import { defineJob } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus } from '../index.ts';
import { tablesOf } from '../tables.ts';

const greet = defineJob({ queue: 'outbox', name: 'greet', schema: z.object({ userId: z.string() }) });
const { schema, channel } = tablesOf(undefined);

/** One engine will do: the word is between the app's database and the relay. */
const onRedis = engineCases.filter(({ kind }) => kind === 'redis');

let fixture: EngineFixture;
let database: FreshDatabase;
let pool: Pool;
let engine: Engine;
let outbox: Outbox;

async function begin({ open }: EngineCase): Promise<void> {
  [fixture, database] = await Promise.all([open(), freshDatabase('migrated_stores')]);
  pool = new Pool({ connectionString: database.url, max: 12 });
  pool.on('error', () => undefined);
  engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
  await Promise.all([engine.migrate(), migrateOutbox(pool)]);
  outbox = new Outbox();
}
afterEach(async () => {
  await engine.close();
  await pool.end();
  await Promise.all([fixture.cleanup(), database.drop()]);
});

async function committed(userId: string): Promise<void> {
  const tx = await pool.connect();
  await tx.query('begin');
  await outbox.enqueue(tx, greet, { userId });
  await tx.query('commit');
  tx.release();
}

/** What another transaction holds from the beginning of its commit to the end of it. */
async function whileAnotherCommits(work: () => Promise<void>): Promise<void> {
  const other: PoolClient = await pool.connect();
  await other.query('select pg_advisory_lock(hashtextextended($1, 0))', [`${schema} word`]);
  await work();
  await other.query('select pg_advisory_unlock_all()');
  other.release();
}

async function heardDuring(work: () => Promise<void>): Promise<number> {
  const listener = await pool.connect();
  let words = 0;
  // Words come in the order of their commits: those before this one have come by then.
  const end = new Promise<void>(resolve => {
    listener.on('notification', ({ payload }) => {
      if (payload === 'end') resolve();
      else words += 1;
    });
  });
  await listener.query(`listen "${channel}"`);
  await work();
  await pool.query('select pg_notify($1, $2)', [channel, 'end']);
  await end;
  listener.release(true);
  return words;
}

describe.each(onRedis)('the word to the relay', engineCase => {
  beforeEach(() => begin(engineCase));

  test('is said at the commit, once for all entries of a transaction', async () => {
    const words = await heardDuring(async () => {
      const tx = await pool.connect();
      await tx.query('begin');
      await outbox.enqueue(tx, greet, { userId: 'u1' });
      await outbox.enqueue(tx, greet, { userId: 'u2' });
      await tx.query('commit');
      tx.release();
    });
    expect(words).toBe(1);
  });

  test('is said by one of those that commit at the same time: the others do not wait for it', async () => {
    const words = await heardDuring(() => whileAnotherCommits(() => committed('u1')));
    expect(words).toBe(0);
    expect(await readOutboxStatus(pool)).toMatchObject({ pending: 1 });
  });
});
