import { setImmediate as nextTurn } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../../tests/support/engines.ts';
import { startTcpProxy, type TcpProxy } from '../../../tests/support/tcp-proxy.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { isOutage } from '../../resilience/index.ts';
import { PatientPool, type PoolLimits } from './patient-pool.ts';

let database: FreshDatabase;
let proxy: TcpProxy;
let pool: PatientPool;

beforeAll(async () => {
  database = await freshDatabase();
  proxy = await startTcpProxy(Number(new URL(database.url).port));
});
afterEach(() => pool.end());
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

/** One connection where no other number is given; the way to the server can be cut without a word. */
function open(limits: Omit<PoolLimits, 'standMs'> & Partial<PoolLimits>, max = 1): PatientPool {
  const url = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(proxy.port) });
  return new PatientPool({ connectionString: url.href, max }, { standMs: limits.connectMs, ...limits }).on(
    'error',
    () => undefined,
  );
}

const PATIENT = { connectMs: 60_000, answerMs: 60_000 };

test('whoever waits in a line that moves is served, however long it takes', async () => {
  pool = open({ ...PATIENT, connectMs: 1_500 });
  const asked = Array.from({ length: 40 }, () => pool.query<{ at: number }>('select 1 as at from pg_sleep(0.05)'));
  expect((await Promise.all(asked)).flatMap(({ rows }) => rows)).toHaveLength(asked.length);
});

test('a server that says nothing ends a statement and the line behind it, each as an outage', async () => {
  pool = open({ connectMs: 2_000, answerMs: 2_000 });
  await pool.query('select 1');
  proxy.hold();
  try {
    const asked = Array.from({ length: 3 }, () => pool.query('select 1').catch((error: unknown) => error));
    for (const error of await Promise.all(asked)) {
      expect(error).toMatchObject({ code: 'ETIMEDOUT' });
      expect(isOutage(error)).toBe(true);
    }
  } finally {
    proxy.release();
  }
  proxy.cut();
});

test('whoever was told of an outage has left the line, and those that come once the server is there are served', async () => {
  pool = open({ connectMs: 2_000, answerMs: 2_000 });
  await pool.query('select 1');
  proxy.hold();
  try {
    const asked = Array.from({ length: 5_000 }, () => pool.query('select 1').catch((error: unknown) => error));
    expect((await Promise.all(asked)).every(isOutage)).toBe(true);
    expect(pool.waitingCount).toBe(0);
  } finally {
    proxy.release();
  }
  proxy.cut();
  // The connection that nobody waits for any more may still be on its way.
  await waitFor('an answer', () =>
    pool.query('select 1').then(
      () => true,
      () => false,
    ),
  );
});

test('a connection that takes longer than somebody waits comes all the same, and whoever asks meanwhile gets it', async () => {
  pool = open({ connectMs: 1_000, standMs: 60_000, answerMs: 60_000 }, 10);
  let made = 0;
  pool.on('connect', () => (made += 1));
  const isOne = (): boolean => pool.totalCount === 1;
  proxy.hold();
  try {
    for (const _time of [1, 2]) {
      expect(isOutage(await pool.query('select 1').catch((error: unknown) => error))).toBe(true);
      expect(isOne()).toBe(true);
    }
  } finally {
    proxy.release();
  }
  const asked = (): Promise<boolean> =>
    pool.query('select 1').then(
      () => true,
      () => false,
    );
  await waitFor('an answer', async () => (await asked()) || !isOne());
  expect([isOne(), made]).toEqual([true, 1]);
});

test('whoever waits for a connection that never comes gets the first that another gives back', async () => {
  pool = open({ connectMs: 2_000, standMs: 6_000, answerMs: 60_000 }, 10);
  proxy.hold();
  try {
    expect(isOutage(await pool.query('select 1').catch((error: unknown) => error))).toBe(true);
    // It has heard nothing yet, and what it says is heard by nobody.
    proxy.silence();
  } finally {
    proxy.release();
  }
  // The first waits for it, the second makes one of its own.
  const asked = [1, 2].map(() => pool.query('select 1').catch((error: unknown) => error));
  const answers = await Promise.all(asked);
  expect(answers).toMatchObject([{ rowCount: 1 }, { rowCount: 1 }]);
});

test('a server that takes connections and answers nothing else keeps nobody in the line', async () => {
  pool = open({ connectMs: 2_000, answerMs: 1_000 });
  let statements = 0;
  pool.on('acquire', () => (statements += 1));
  const holder = new Client({ connectionString: database.url });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query('create table held ()');
  await holder.query('begin; lock table held');
  const asked = Array.from({ length: 12 }, () => pool.query('select from held').catch((error: unknown) => error));
  expect((await Promise.all(asked)).every(isOutage)).toBe(true);
  // One after the other each would have waited for all before it.
  expect(statements).toBeLessThan(6);
});

test('an answer that comes in pieces has as long as they come', async () => {
  pool = open({ ...PATIENT, answerMs: 1_500 });
  const { rows } = await pool.query("select repeat('x', 20_000), pg_sleep(0.05) from generate_series(1, 60)");
  expect(rows).toHaveLength(60);
});

test('what was answered while the process stood still is no outage', async () => {
  pool = open({ ...PATIENT, answerMs: 1_000 });
  await pool.query('select 1');
  const answer = pool.query<{ two: number }>('select 2 as two');
  // Sent by now.
  await nextTurn();
  const standsUntil = performance.now() + 1_500;
  while (performance.now() < standsUntil);
  expect((await answer).rows).toEqual([{ two: 2 }]);
});
