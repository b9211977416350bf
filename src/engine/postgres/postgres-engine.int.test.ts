import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startPostgres, type PostgresServer } from '../../../tests/support/postgres-server.ts';
import { startTurnWorker } from '../../../tests/support/turn-worker.ts';
import { PATIENT } from '../../../tests/support/wait-for.ts';
import { EngineCheckError } from '../engine-check-error.ts';
import { Facts } from '../../facts/index.ts';
import { openEngine, type Engine, type EngineOptions } from '../index.ts';

let server: PostgresServer;
let sql: Client;
const engines: Engine[] = [];

beforeAll(async () => {
  server = await startPostgres();
  sql = new Client({ connectionString: server.url });
  await sql.connect();
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map(engine => engine.close(1_000)));
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});

function open(options: Partial<EngineOptions> & Pick<EngineOptions, 'role'>): Engine {
  const engine = openEngine({ url: server.url, ...options });
  engines.push(engine);
  return engine;
}

test('a database that was not migrated is refused with what to do, and taken once it is', async () => {
  const namespace = 'not-yet';
  const producer = open({ role: 'producer', namespace });
  const workers = open({ role: 'worker', namespace });
  expect((await producer.check()).errors).toEqual([expect.stringContaining('Run "shiftwork migrate"')]);
  await expect(producer.queue('email')).rejects.toThrow(EngineCheckError);
  await expect(workers.turns('email')).rejects.toThrow(/shiftwork migrate/);
  await workers.migrate();
  expect((await producer.check()).errors).toEqual([]);
  // The same engines: a refused start is not remembered.
  await (await producer.queue('email')).add('greet', {}, { jobId: 'greeted' });
  const processed = vi.fn<() => Promise<void>>(async () => undefined);
  await startTurnWorker(workers, 'email', processed);
  await vi.waitFor(() => expect(processed).toHaveBeenCalledTimes(1), PATIENT);
});

test('a half migrated schema is refused too', async () => {
  const engine = open({ role: 'producer', namespace: 'half' });
  await engine.migrate();
  await sql.query('DELETE FROM bullmq_half.migration WHERE version = (SELECT max(version) FROM bullmq_half.migration)');
  expect((await engine.check()).errors).toEqual([expect.stringContaining('Run "shiftwork migrate"')]);
});

test("a schema of a newer BullMQ is refused with its release's number", async () => {
  const engine = open({ role: 'producer', namespace: 'newer' });
  await engine.migrate();
  await sql.query('UPDATE bullmq_newer.migration SET min_client_version = 99');
  expect((await engine.check()).errors).toEqual([expect.stringContaining('major 99')]);
});

test("the app's own tables of the same names do not get in the way", async () => {
  await sql.query(
    'CREATE TABLE public.job (id int); CREATE TABLE public.meta (id int); CREATE TABLE public.event (id int)',
  );
  const engine = open({ role: 'producer', namespace: 'tables' });
  await engine.migrate();
  const queue = await engine.queue('email');
  await queue.add('greet', {}, { jobId: 'greeted' });
  expect((await queue.getWaiting()).map(job => job.id)).toEqual(['greeted']);
  const { rows } = await sql.query('SELECT id FROM bullmq_tables.job');
  expect(rows).toEqual([{ id: 'greeted' }]);
});

test('options that the URL brings are kept beside the search path', async () => {
  const url = new URL(server.url);
  url.searchParams.set('options', '-c application_name=from-the-url');
  const engine = open({ role: 'producer', namespace: 'options', url: url.href });
  await engine.migrate();
  await (await engine.queue('email')).add('greet', {});
  const { rows } = await sql.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'from-the-url'",
  );
  expect(rows[0]).not.toEqual({ n: 0 });
});

test('each connection says on the server whose it is, unless the URL gives it another name', async () => {
  const url = new URL(server.url);
  url.searchParams.set('application_name', 'shop');
  const connected = [
    open({ role: 'producer', namespace: 'whose' }),
    open({ role: 'worker', namespace: 'whose' }),
    open({ role: 'producer', namespace: 'whose', url: url.href }),
  ];
  for (const engine of connected) {
    await engine.migrate();
    await (await engine.queue('email')).add('greet', {});
  }
  const { rows } = await sql.query<{ name: string }>('SELECT application_name AS name FROM pg_stat_activity');
  expect(rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['shiftwork producer', 'shiftwork worker', 'shop']),
  );
});

test('a database that does not exist is named as the reason', async () => {
  const url = new URL(server.url);
  url.pathname = '/nowhere';
  const engine = open({ role: 'producer', url: url.href });
  await expect(engine.queue('email')).rejects.toThrow(/the database does not exist/);
  await expect(engine.check()).rejects.toThrow(/the database does not exist/);
  await expect(engine.migrate()).rejects.toThrow(/the database does not exist/);
});

test('twenty queues and workers share one pool without a warning, and leave no connection', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  const engine = open({ role: 'worker', namespace: 'many' });
  await engine.migrate();
  const processed = new Set<string>();
  for (let index = 0; index < 20; index += 1) {
    const name = `queue-${index}`;
    await (await engine.queue(name)).add('greet', {});
    await startTurnWorker(engine, name, async () => void processed.add(name));
  }
  await vi.waitFor(() => expect(processed.size).toBe(20), PATIENT);
  await engine.close();
  process.off('warning', note);
  expect(warnings).toEqual([]);
  await vi.waitFor(async () => {
    const { rows } = await sql.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%LISTEN%' AND pid <> pg_backend_pid()",
    );
    expect(rows[0]).toEqual({ n: 0 });
  }, PATIENT);
});

test('a connection that the server cuts is replaced: the worker hears of the next job', async () => {
  const lost: Error[] = [];
  let back = 0;
  const facts = new Facts();
  facts.on('engine.lost', ({ fields: { error } }) => lost.push(error));
  facts.on('engine.back', () => (back += 1));
  const engine = open({ role: 'worker', namespace: 'cut', facts });
  await engine.migrate();
  const processed: string[] = [];
  await startTurnWorker(engine, 'email', async job => void processed.push(job.name));
  const queue = await engine.queue('email');
  await queue.add('before', {});
  await vi.waitFor(() => expect(processed).toEqual(['before']), PATIENT);
  await sql.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL',
  );
  await vi.waitFor(() => queue.add('after', {}), PATIENT);
  await vi.waitFor(() => expect(processed).toContain('after'), PATIENT);
  // Once for an outage, however many connections it takes: never twice without a return between.
  expect(lost.length).toBeLessThanOrEqual(back + 1);
});

test('a hand-back that the database cancels, because it and another wait for each other, is tried again', async () => {
  const url = new URL(server.url);
  // Of those in a circle, the one that looks first is cancelled: it must be the hand-back.
  url.searchParams.set('options', '-c deadlock_timeout=50ms');
  const engine = open({ role: 'worker', namespace: 'deadlock', url: url.href });
  await engine.migrate();
  const queue = await engine.queue('email');
  await queue.addBulk(['a', 'b'].map(jobId => ({ name: 'greet', data: {}, opts: { jobId } })));
  await sql.query("UPDATE bullmq_deadlock.job SET state = 'active', lock_token = id || '-token'");
  const [first, second] = [new Client({ connectionString: server.url }), new Client({ connectionString: server.url })];
  const lock = (client: Client, id: string) =>
    client.query('SELECT FROM bullmq_deadlock.job WHERE id = $1 FOR UPDATE', [id]);
  const waiting = (count: number) =>
    vi.waitFor(async () => {
      const { rowCount } = await sql.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      expect(rowCount).toBe(count);
    }, PATIENT);
  try {
    for (const client of [first, second]) {
      await client.connect();
      await client.query("SET deadlock_timeout = '10min'; BEGIN");
    }
    await lock(first, 'b');
    await lock(second, 'a');
    const held = ['a', 'b'].map(jobId => ({ jobId, token: `${jobId}-token` }));
    const handedBack = engine.handBack('email', held);
    await waiting(1);
    const locked = lock(second, 'b');
    await waiting(2);
    // The hand-back gets b, for which the second waits, and waits for a, which the second has.
    await first.query('COMMIT');
    await locked;
    await second.query('COMMIT');
    expect((await handedBack).toSorted()).toEqual(['a', 'b']);
    expect(await queue.getJobCountByTypes('waiting')).toBe(2);
  } finally {
    await Promise.all([first.end(), second.end()]);
  }
});

test('a user who may not use the schema or write its tables is refused with what is lacking, and taken once it may', async () => {
  await open({ role: 'worker', namespace: 'rights' }).migrate();
  await sql.query("CREATE ROLE modest LOGIN PASSWORD 's3cret'");
  const url = Object.assign(new URL(server.url), { username: 'modest', password: 's3cret' }).href;
  const errors = async () => (await open({ role: 'worker', namespace: 'rights', url }).check()).errors;
  expect(await errors()).toEqual([expect.stringContaining('it lacks USAGE ON SCHEMA "bullmq_rights" and')]);
  await sql.query('GRANT USAGE ON SCHEMA bullmq_rights TO modest');
  await sql.query('GRANT SELECT ON ALL TABLES IN SCHEMA bullmq_rights TO modest');
  expect(await errors()).toEqual([expect.stringMatching(/SELECT, INSERT, UPDATE, DELETE ON "bullmq_rights"\."\w+"/)]);
  await sql.query('GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq_rights TO modest');
  await sql.query('GRANT USAGE ON ALL SEQUENCES IN SCHEMA bullmq_rights TO modest');
  expect(await errors()).toEqual([]);
});
