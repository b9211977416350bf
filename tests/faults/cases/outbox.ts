import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { openEngine, type Engine } from '../../../src/engine/index.ts';
import { QueueUnavailableError, connect, type Client } from '../../../src/queue/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus } from '../../../src/outbox/index.ts';
import { startProcess, type TestProcess } from '../../support/child-process.ts';
import { program } from '../../support/programs.ts';
import { startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { note, noteThing, thingHappened } from '../app/outbox.config.ts';
import type { FaultCase } from '../case.ts';
import type { Trial } from '../trial.ts';
import { inTransaction } from '../../support/in-transaction.ts';

const CLI = program('src/cli/main.ts');
const APP = program('tests/faults/app/outbox.config.ts');
const SPACE = 'outbox';

/** An app with an outbox in a PostgreSQL of its own, whose jobs go to the trial's Redis. */
export class OutboxFixture {
  readonly postgres: PostgresServer;
  readonly pool: Pool;
  readonly outbox = new Outbox({ namespace: SPACE });
  readonly engine: Engine;
  readonly client: Client;
  /** Ids of jobs whose transaction was committed. */
  readonly committed = new Set<string>();
  readonly #redisUrl: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'shiftwork-outbox-'));
  readonly #children: TestProcess[] = [];

  constructor(postgres: PostgresServer, redisUrl: string) {
    this.postgres = postgres;
    this.#redisUrl = redisUrl;
    this.pool = new Pool({ connectionString: postgres.url, connectionTimeoutMillis: 20_000 });
    this.pool.on('error', () => undefined);
    // While it is lent out the pool does not listen.
    this.pool.on('connect', connection => connection.on('error', () => undefined));
    // A patient one, as the trial's own.
    this.engine = openEngine({ url: redisUrl, namespace: SPACE, role: 'worker' });
    this.client = connect({ redis: redisUrl, namespace: SPACE });
  }

  shiftwork(args: readonly string[], more: Readonly<Record<string, string>> = {}): TestProcess {
    const env = {
      REDIS_URL: this.#redisUrl,
      DATABASE_URL: this.postgres.url,
      SHIFTWORK_NAMESPACE: SPACE,
      NOTES: this.#notesFile,
      ...more,
    };
    const child = startProcess(CLI, { args, env });
    this.#children.push(child);
    return child;
  }

  relay(more: Readonly<Record<string, string>> = {}): TestProcess {
    return this.shiftwork(['relay', '--app', APP], more);
  }

  work(): TestProcess {
    return this.shiftwork(['work', '--app', APP]);
  }

  /** As an app does it: a job, and an event with its reaction, in one transaction; what was acknowledged is written down. */
  async commit(key: string): Promise<boolean> {
    const tx = await this.pool.connect().catch(() => undefined);
    if (tx === undefined) return false;
    let broken = false;
    try {
      await tx.query('begin');
      const { id } = await this.outbox.enqueue(tx, note, { key });
      const event = thingHappened({ key: `${key} event` }, { id: `event-${key}` });
      const { jobs } = await this.outbox.publish(tx, event, { reactions: [noteThing] });
      await tx.query('commit');
      for (const each of [id, ...jobs.map(job => job.id)]) this.committed.add(each);
      return true;
    } catch {
      broken = true;
      return false;
    } finally {
      tx.release(broken);
    }
  }

  async queued(): Promise<readonly string[]> {
    const queue = await this.engine.queue('notes');
    const jobs = await queue.getJobs(['waiting', 'prioritized', 'delayed'], 0, -1);
    return jobs.map(({ id = '' }) => id).toSorted();
  }

  /** When a job that waits for its time is due. */
  async dueAt(id: string): Promise<number> {
    const redis = new Redis(this.#redisUrl);
    try {
      // BullMQ keeps the time in the upper bits of the score.
      return Math.floor(Number((await redis.zscore(`${SPACE}:notes:delayed`, id)) ?? 0) / 0x1000);
    } finally {
      redis.disconnect();
    }
  }

  status() {
    return readOutboxStatus(this.pool, SPACE);
  }

  drained(): Promise<unknown> {
    return waitFor('the outbox to drain', async () => (await this.status()).pending === 0);
  }

  /** A line for each run of a handler. */
  notes(): readonly string[] {
    return readFileSync(this.#notesFile, 'utf8').trim().split('\n');
  }

  get #notesFile(): string {
    return join(this.#folder, 'notes');
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(this.#children.map(({ ended }) => ended));
    await Promise.all([this.client.close(), this.engine.close(), this.pool.end()]);
    await this.postgres.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function withOutbox(trial: Trial, act: (fixture: OutboxFixture) => Promise<string[]>): Promise<string[]> {
  const fixture = new OutboxFixture(await startPostgres(), trial.engine.url);
  try {
    await migrateOutbox(fixture.pool, SPACE);
    const wrong = await act(fixture);
    trial.measured.jobs = fixture.committed.size;
    return wrong;
  } finally {
    await fixture.close();
  }
}

/** L and D: what was committed is queued, nothing is there twice. Without `more`, nothing else is there either. */
export async function differences(trial: Trial, fixture: OutboxFixture, more = false): Promise<string[]> {
  const ids = await waitFor('the queue to be read', () => fixture.queued());
  const there = new Set(ids);
  const lost = [...fixture.committed].filter(id => !there.has(id));
  const strange = more ? [] : ids.filter(id => !fixture.committed.has(id));
  trial.measured.lost += lost.length;
  trial.measured.twice += ids.length - there.size;
  return [
    ...lost.map(id => `L: ${id} was committed and is not queued`),
    ...strange.map(id => `P: ${id} is queued and nobody asked for that`),
    ...(ids.length === there.size ? [] : ['D: a job is there twice']),
    ...(await fixture.status()).stuck.map(({ id, reason }) => `A: ${id} is stuck: ${reason}`),
  ];
}

const engineAway: FaultCase = {
  number: 13,
  title: 'Redis is down, for a minute in the long form: producers are refused, the outbox grows, then drains',
  engines: ['redis'],
  // A minute each.
  seedsAtMost: 3,
  run: trial =>
    withOutbox(trial, async fixture => {
      fixture.relay();
      await fixture.commit('before');
      await fixture.drained();
      await trial.engine.kill();
      const wrong: string[] = [];
      // In the long form for a minute. A producer is to wait two seconds at most; the rest is for a machine that is busy.
      const [rounds, endsAt, patienceMs] = trial.scale === 1 ? [5, 0, 10_000] : [20, Date.now() + 60_000, 3_000];
      for (let index = 0; index < rounds || Date.now() < endsAt; index += 1) {
        if (!(await fixture.commit(`down ${index}`)))
          wrong.push(`L: commit ${index} was refused while the queues were away`);
        const askedAt = Date.now();
        const answer: unknown = await fixture.client.enqueue(note, { key: 'refused' }).catch((error: unknown) => error);
        if (!(answer instanceof QueueUnavailableError)) wrong.push('L: a producer was told that its job is queued');
        if (Date.now() - askedAt > patienceMs) wrong.push(`X: the producer waited ${Date.now() - askedAt} ms`);
        await pause(trial.between(0, 50));
      }
      const { pending } = await fixture.status();
      // Of each commit two jobs; its event goes out in the relay's own process.
      if (pending < fixture.committed.size - 2)
        wrong.push(`R: ${pending} entries wait, of ${fixture.committed.size} jobs`);
      const backAt = Date.now();
      await trial.engine.restart();
      await fixture.drained();
      trial.measured.recoveries.push(Date.now() - backAt);
      return [...wrong, ...(await differences(trial, fixture))];
    }),
};

const databaseKilled: FaultCase = {
  number: 17,
  title: "PostgreSQL is killed between the app's commits and the relay's sending",
  engines: ['redis'],
  run: trial =>
    withOutbox(trial, async fixture => {
      fixture.relay();
      for (let round = 0; round < 3 * trial.scale; round += 1) {
        const writing = (async () => {
          for (let index = 0; index < 25; index += 1) await fixture.commit(`${round}-${index}`);
        })();
        await pause(trial.between(20, 80));
        await fixture.postgres.kill();
        await writing;
        await fixture.postgres.restart();
        await waitFor('a commit', () => fixture.commit(`after ${round}`));
      }
      await fixture.drained();
      // A commit whose answer was lost may stand all the same.
      return differences(trial, fixture, true);
    }),
};

const relayKilled: FaultCase = {
  number: 18,
  title: 'the relay is killed after it has sent and before it has recorded that',
  engines: ['redis'],
  run: trial =>
    withOutbox(trial, async fixture => {
      for (let index = 0; index < 60; index += 1) await fixture.commit(`first ${index}`);
      const rounds = trial.scale === 1 ? 2 : 4 * trial.scale;
      for (let round = 0; round < rounds; round += 1) {
        const before = (await fixture.queued()).length;
        const relay = fixture.relay();
        await waitFor('it to send', async () => (await fixture.queued()).length > before);
        await pause(trial.between(0, 15));
        relay.kill('SIGKILL');
        await relay.ended;
        for (let index = 0; index < 40; index += 1) await fixture.commit(`${round} ${index}`);
      }
      // The last one is killed where it hurts: its jobs are in the queue, and its record of that is lost.
      await fixture.pool.query(`update "shiftwork_outbox_${SPACE}".entry set sent_at = null`);
      fixture.relay();
      await fixture.drained();
      return differences(trial, fixture);
    }),
};

const everythingLost: FaultCase = {
  number: 19,
  title: 'Redis loses everything (FLUSHALL): reconcile restores what has not ended',
  engines: ['redis'],
  run: trial =>
    withOutbox(trial, async fixture => {
      fixture.relay();
      fixture.work();
      const count = 10 * trial.scale;
      for (let index = 0; index < count; index += 1) await fixture.commit(`now ${index}`);
      await waitFor('the first to end', () => fixture.notes().length === 2 * count);
      await waitFor('their ends', async () => (await fixture.status()).unfinished === 0);
      const later = new Set<string>();
      for (let index = 0; index < count; index += 1) {
        const job = { key: `later ${index}` };
        const { id } = await inTransaction(fixture.pool, tx => fixture.outbox.enqueue(tx, note, job, { delay: '1h' }));
        later.add(id);
      }
      await fixture.drained();
      const admin = new Redis(trial.engine.url);
      await admin.flushall();
      admin.disconnect();
      const lostAt = Date.now();
      const reconcile = fixture.shiftwork(['outbox', 'reconcile', '--json']);
      const code = await reconcile.ended;
      await fixture.drained();
      trial.measured.recoveries.push(Date.now() - lostAt);
      const found = new Set(await fixture.queued());
      const said = reconcile.lines.at(-1) ?? '';
      const expected = JSON.stringify({ checked: count, ended: 0, alive: 0, again: count });
      return [
        ...(code === 0 && said === expected ? [] : [`reconcile ended with ${code} and ${said}, not ${expected}`]),
        ...[...later].filter(id => !found.has(id)).map(id => `L: ${id} was not restored`),
        ...[...found].filter(id => !later.has(id)).map(id => `D: ${id} had ended and is there again`),
        ...(fixture.notes().length === 2 * count ? [] : ['D: a job that had ended ran again']),
      ];
    }),
};

export const outboxFaults: readonly FaultCase[] = [relayKilled, engineAway, databaseKilled, everythingLost];
