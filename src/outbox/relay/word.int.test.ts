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
import { PATIENT, waitFor } from '../../../tests/support/wait-for.ts';
import { defineJob } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus, Relay } from '../index.ts';
import { tablesOf } from '../tables.ts';

const greet = defineJob({ queue: 'outbox', name: 'greet', schema: z.object({ userId: z.string() }) });
/** No test waits for so long: what arrives was not found by the relay's usual look. */
const NEVER_MS = 3_600_000;
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

  test('makes the relay look again and again for those that said none, long before its usual look', async () => {
    const facts = new Facts();
    const relay = new Relay({ pool, engine, facts, pollEveryMs: NEVER_MS, lagEveryMs: NEVER_MS });
    const relayed = (): Promise<unknown> => facts.next('outbox.relayed');
    try {
      // The first look finds this one; whether it listens by then is open.
      await committed('before it begins');
      const first = relayed();
      relay.start();
      await first;
      await waitFor('the relay to listen', async () => {
        const { rows } = await pool.query(
          "select 1 from pg_stat_activity where datname = current_database() and query like 'listen %'",
        );
        return rows.length > 0;
      });
      const second = relayed();
      await committed('with a word');
      await second;
      await whileAnotherCommits(() => committed('without one'));
      await expect.poll(async () => (await readOutboxStatus(pool)).pending, PATIENT).toBe(0);
    } finally {
      await relay.stop();
    }
  });
});
