import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus } from '../../src/outbox/index.ts';
import { connect, type Client } from '../../src/queue/index.ts';
import { startProcess, type TestProcess } from '../support/child-process.ts';
import { namespace } from '../support/engines.ts';
import { startPostgres, type PostgresServer } from '../support/postgres-server.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { note, noteThing, thingHappened } from './app/outbox.config.ts';
import { seededRandom } from './random.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const APP = fileURLToPath(new URL('app/outbox.config.ts', import.meta.url));

/** The fault cases of the outbox, in their short form: one seed, a few rounds. */
describe('outbox faults', () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let pool: Pool;
  let engine: Engine;
  let client: Client;
  let outbox: Outbox;
  let space: string;
  let folder: string;
  let children: TestProcess[];
  let random: () => number;
  /** Ids of jobs whose transaction was committed. */
  let committed: Set<string>;

  beforeEach(async () => {
    [redis, postgres] = await Promise.all([startRedis({ config: { appendfsync: 'always' } }), startPostgres()]);
    pool = new Pool({ connectionString: postgres.url, connectionTimeoutMillis: 2_000 });
    pool.on('error', () => undefined);
    // While it is lent out the pool does not listen.
    pool.on('connect', connection => connection.on('error', () => undefined));
    space = namespace();
    folder = mkdtempSync(join(tmpdir(), 'shiftwork-outbox-'));
    await migrateOutbox(pool, space);
    outbox = new Outbox({ namespace: space });
    engine = openEngine({ url: redis.url, namespace: space, role: 'producer' });
    client = connect({ redis: redis.url, namespace: space });
    children = [];
    committed = new Set();
    random = seededRandom(1);
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(({ ended }) => ended));
    await Promise.all([client.close(), engine.close(), pool.end()]);
    await Promise.all([redis.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const env = (): Record<string, string> => ({
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    SHIFTWORK_NAMESPACE: space,
    NOTES: join(folder, 'notes'),
  });
  const shiftwork = (...args: string[]): TestProcess => {
    const child = startProcess(CLI, { args: [...args, '--app', APP], env: env() });
    children.push(child);
    return child;
  };
  /** As an app does it: its own row and the job in one transaction; what was acknowledged is written down. */
  const commit = async (key: string, delay?: '1h'): Promise<boolean> => {
    const tx = await pool.connect().catch(() => undefined);
    if (tx === undefined) return false;
    let broken = false;
    try {
      await tx.query('begin');
      const { id } = await outbox.enqueue(tx, note, { key }, delay === undefined ? {} : { delay });
      const event = thingHappened({ key: `${key} event` }, { id: `event-${key}` });
      const { jobs } = await outbox.publish(tx, event, { reactions: [noteThing] });
      await tx.query('commit');
      for (const each of [id, ...jobs.map(job => job.id)]) committed.add(each);
      return true;
    } catch {
      broken = true;
      return false;
    } finally {
      tx.release(broken);
    }
  };
  const queued = async (): Promise<readonly string[]> => {
    const queue = await engine.queue('notes');
    const jobs = await queue.getJobs(['waiting', 'prioritized', 'delayed'], 0, -1);
    return jobs.map(({ id = '' }) => id).toSorted();
  };
  const drained = (): Promise<unknown> =>
    waitFor('the outbox to drain', async () => (await readOutboxStatus(pool, space)).pending === 0, 30_000);

  test('case 13: Redis is down: the producer is refused, the outbox grows, then drains by itself', async () => {
    shiftwork('relay');
    await commit('before');
    await drained();
    await redis.kill();
    await expect(client.enqueue(note, { key: 'refused' })).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    for (let index = 0; index < 20; index += 1) expect(await commit(`down ${index}`)).toBe(true);
    await expect(client.enqueue(note, { key: 'refused' })).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    expect((await readOutboxStatus(pool, space)).pending).toBe(60);
    await redis.restart();
    await drained();
    expect(await queued()).toEqual([...committed].toSorted());
  });

  test('case 17: PostgreSQL is killed between commits and sending: what was committed is sent, nothing twice', async () => {
    shiftwork('relay');
    for (let round = 0; round < 3; round += 1) {
      const writing = (async () => {
        for (let index = 0; index < 25; index += 1) await commit(`${round}-${index}`);
      })();
      await pause(20 + random() * 60);
      await postgres.kill();
      await writing;
      await postgres.restart();
      await waitFor('a commit', () => commit(`after ${round}`));
    }
    await drained();
    // A commit whose answer was lost may stand all the same: more than was acknowledged, never less.
    const ids = await queued();
    expect(ids).toEqual(expect.arrayContaining([...committed]));
    expect(new Set(ids).size).toBe(ids.length);
    expect((await readOutboxStatus(pool, space)).stuck).toEqual([]);
  });

  test('case 18: relays are killed at random moments: everything is sent, and no job is there twice', async () => {
    for (let index = 0; index < 150; index += 1) await commit(String(index));
    for (let round = 0; round < 4; round += 1) {
      const relay = shiftwork('relay');
      await waitFor('it to send', async () => (await queued()).length > round * 40, 20_000);
      await pause(random() * 15);
      relay.kill('SIGKILL');
      await relay.ended;
      for (let index = 0; index < 40; index += 1) await commit(`${round} ${index}`);
    }
    // The last one is killed where it hurts: its jobs are in the queue, and its record of that is lost.
    await pool.query(`update "shiftwork_outbox_${space}".entry set sent_at = null`);
    shiftwork('relay');
    await drained();
    expect(await queued()).toEqual([...committed].toSorted());
  });

  test('case 19: Redis loses everything: reconcile restores each job that has not ended, and none that has', async () => {
    shiftwork('relay');
    shiftwork('work');
    for (let index = 0; index < 10; index += 1) await commit(`now ${index}`);
    const done = new Set(committed);
    const notes = () => readFileSync(join(folder, 'notes'), 'utf8').trim().split('\n');
    await waitFor('the first to end', () => notes().length === 20, 30_000);
    await waitFor('their ends', async () => (await readOutboxStatus(pool, space)).unfinished === 0);
    for (let index = 0; index < 10; index += 1) {
      const tx = await pool.connect();
      await tx.query('begin');
      const { id } = await outbox.enqueue(tx, note, { key: `later ${index}` }, { delay: '1h' });
      await tx.query('commit');
      tx.release();
      committed.add(id);
    }
    await drained();
    const open = [...committed].filter(id => !done.has(id)).toSorted();
    expect(await queued()).toEqual(open);
    const admin = new Redis(redis.url);
    await admin.flushall();
    admin.disconnect();
    expect(await queued()).toEqual([]);
    const reconcile = startProcess(CLI, { args: ['outbox', 'reconcile', '--json'], env: env() });
    expect(await reconcile.ended).toBe(0);
    expect(JSON.parse(reconcile.lines.at(-1) ?? '')).toEqual({ checked: 10, ended: 0, alive: 0, again: 10 });
    await drained();
    expect(await queued()).toEqual(open);
    expect(notes()).toHaveLength(20);
  });
});
