import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool, type PoolClient } from 'pg';
import { startPostgres } from '../local/postgres/index.ts';
import { freePort } from '../tests/support/free-port.ts';
import { median } from './measure.ts';

/**
 * What does the outbox's word to its relay cost the app's commits? NOTIFY takes a lock of the whole database from the beginning of the
 * commit to its end, so that commits cannot share a flush of the disk. Sixteen writers commit a row and an entry each, in turn: without a word, with
 * a word in each transaction, and with a word by one of those that commit at the moment (a deferred trigger that tries a lock).
 *
 * Use: `npm run bench:notify`, or `npm run bench:notify -- 5` for five rounds.
 */
const ROUNDS = Number(process.argv[2] ?? 3);
const WRITERS = 16;
const SECONDS = 2;

const folder = await mkdtemp(join(tmpdir(), 'shiftwork-bench-'));
await chmod(folder, 0o711);
const server = await startPostgres({ folder, fallbackFolder: folder, port: await freePort() });
const pool = new Pool({ connectionString: server.url, max: WRITERS + 2 });
// The server is stopped below while connections are idle.
pool.on('error', () => undefined);
await pool.query(`
  create table word (id bigint generated always as identity primary key, body text);
  create table silent (id bigint generated always as identity primary key, body text);
  create table shared (id bigint generated always as identity primary key, body text);
  create table orders (id bigint generated always as identity primary key, body text);
  create function say() returns trigger language plpgsql as $$ begin
    if pg_try_advisory_xact_lock(hashtext('shared')) then perform pg_notify('shared', ''); end if;
    return null;
  end $$;
  create constraint trigger say after insert on shared deferrable initially deferred for each row execute function say();
`);
const listener = await pool.connect();
await listener.query('listen word; listen shared');
let words = 0;
listener.on('notification', () => (words += 1));

const WAYS = {
  'without a word': (client: PoolClient) => client.query('insert into silent (body) values ($1)', ['entry']),
  'a word in each transaction': (client: PoolClient) =>
    client.query("with written as (insert into word (body) values ($1)) select pg_notify('word', '')::text", ['entry']),
  'a word by one that commits': (client: PoolClient) =>
    client.query('insert into shared (body) values ($1)', ['entry']),
};
const rates = new Map<string, { perSecond: number[]; words: number[] }>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, write] of Object.entries(WAYS)) {
    const before = words;
    const until = performance.now() + SECONDS * 1_000;
    const counts = await Promise.all(Array.from({ length: WRITERS }, () => writer(write, until)));
    const perSecond = counts.reduce((sum, count) => sum + count, 0) / SECONDS;
    const rate = rates.get(name) ?? { perSecond: [], words: [] };
    rate.perSecond.push(perSecond);
    rate.words.push((words - before) / SECONDS);
    rates.set(name, rate);
    console.log(`round ${round + 1}  ${name.padEnd(28)} ${Math.round(perSecond)} commits/s`);
  }
}
const base = median(rates.get('without a word')?.perSecond ?? []);
console.log('\n| commits of 16 writers | a second | to the first | words a second |\n|---|---|---|---|');
for (const [name, { perSecond, words: said }] of rates) {
  const rate = median(perSecond);
  console.log(`| ${name} | ${Math.round(rate)} | ${(rate / base).toFixed(2)} | ${Math.round(median(said))} |`);
}
listener.release(true);
await pool.end();
await server.stop();
await rm(folder, { recursive: true, force: true });

async function writer(write: (client: PoolClient) => Promise<unknown>, until: number): Promise<number> {
  const client = await pool.connect();
  let commits = 0;
  while (performance.now() < until) {
    await client.query('begin');
    await client.query('insert into orders (body) values ($1)', ['order']);
    await write(client);
    await client.query('commit');
    commits += 1;
  }
  client.release();
  return commits;
}
