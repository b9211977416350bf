import { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../tests/support/engines.ts';
import { startTcpProxy, type TcpProxy } from '../../tests/support/tcp-proxy.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { isOutage } from '../resilience/index.ts';
import { askWithin, boundSession, inTransaction, listen } from './index.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A pool of one connection, whose way to the server can be cut without a word. */
async function behindProxy(): Promise<{ readonly proxy: TcpProxy; readonly pool: Pool }> {
  const url = new URL(database.url);
  const proxy = await startTcpProxy(Number(url.port));
  cleanups.push(() => proxy.close());
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  const pool = new Pool({ connectionString: url.href, max: 1 });
  pool.on('error', () => undefined);
  return { proxy, pool };
}

const BOUNDS = { limitMs: 300, idleMs: 60_000 };

describe('a connection that goes silent', () => {
  test('ends a statement after its limit, and is not lent to the next one', async () => {
    const { proxy, pool } = await behindProxy();
    await askWithin(pool, 60_000, 'select 1');
    proxy.silence();
    const refusal: unknown = await askWithin(pool, 100, 'select 1').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(isOutage(refusal)).toBe(true);
    expect((await askWithin(pool, 60_000, 'select 2 as two')).rows).toEqual([{ two: 2 }]);
    await pool.end();
  });

  test('ends a transaction within its bounds, wherever it goes silent', async () => {
    const { proxy, pool } = await behindProxy();
    const inside = inTransaction(pool, BOUNDS, async client => {
      proxy.silence();
      await client.query('select 1');
    });
    await expect(inside).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
    await askWithin(pool, 60_000, 'select 1');
    proxy.silence();
    await expect(inTransaction(pool, BOUNDS, async () => undefined)).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
    const late = inTransaction(pool, { ...BOUNDS, limitMs: 1_000 }, async () => proxy.silence());
    await expect(late).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
    await pool.end();
  });

  test('is replaced by one that listens', async () => {
    const { proxy, pool } = await behindProxy();
    let calls = 0;
    const stop = new AbortController();
    const called = (): void => void (calls += 1);
    const listening = listen({ pool, channel: 'sayings', called, signal: stop.signal, askEveryMs: 50 });
    await waitFor('it to listen', () => calls === 1);
    proxy.silence();
    await waitFor('it to listen again', () => calls === 2);
    const other = new Pool({ connectionString: database.url, max: 1 });
    await other.query('notify sayings');
    await waitFor('the notification', () => calls === 3);
    expect(calls).toBe(3);
    stop.abort();
    await listening;
    await other.end();
    await pool.end();
  });
});

describe('a transaction', () => {
  test('commits what was done, or nothing of it, and gives its client back', async () => {
    const pool = new Pool({ connectionString: database.url, max: 1 });
    await pool.query('create table thing (id int)');
    await inTransaction(pool, BOUNDS, async client => void (await client.query('insert into thing values (1)')));
    const failing = inTransaction(pool, BOUNDS, async client => {
      await client.query('insert into thing values (2)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await pool.query('select id from thing')).rows).toEqual([{ id: 1 }]);
    expect(pool.totalCount).toBe(1);
    await pool.end();
  });

  test('that stands still is ended by the server, which lets go of its locks; whoever holds it hears of it', async () => {
    const pool = new Pool({ connectionString: database.url, max: 2 });
    pool.on('error', () => undefined);
    await pool.query('create table held (id int); insert into held values (1)');
    const still = inTransaction(pool, { limitMs: 60_000, idleMs: 100 }, async client => {
      await client.query('select from held for update');
      await new Promise(() => undefined);
    });
    await expect(still).rejects.toSatisfy(isOutage);
    expect((await pool.query('select id from held for update nowait')).rowCount).toBe(1);
    await pool.end();
  });
});

test('a statement that waits for a lock ends when its client has cut the connection, and stands before nobody', async () => {
  const onConnect = boundSession({ idleInTransactionMs: 60_000 });
  const pool = new Pool({ connectionString: database.url, max: 1, onConnect });
  const other = new Pool({ connectionString: database.url, max: 1 });
  for (const each of [pool, other]) each.on('error', () => undefined);
  const held = await other.connect();
  await held.query('select pg_advisory_lock(7)');
  const waits = (): Promise<boolean> =>
    held
      .query(
        `select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`,
      )
      .then(({ rowCount }) => rowCount === 1);
  const client = await pool.connect();
  const lost = client.query('select pg_advisory_lock(7)').catch((error: unknown) => error);
  await waitFor('it to wait', waits);
  client.release(true);
  await waitFor('it to be gone', async () => !(await waits()));
  expect(await lost).toBeInstanceOf(Error);
  held.release();
  await Promise.all([pool.end(), other.end()]);
});

test('a session of a bounded pool has its bounds', async () => {
  const onConnect = boundSession({ idleInTransactionMs: 7_000, statementMs: 9_000 });
  const pool = new Pool({ connectionString: database.url, max: 1, onConnect });
  const { rows } = await pool.query(
    `select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('statement_timeout') as statement`,
  );
  expect(rows).toEqual([{ idle: '7s', statement: '9s' }]);
  await pool.end();
});
