import { setTimeout as pause } from 'node:timers/promises';
import { Pool, type PoolClient } from 'pg';
import { ConcurrencyError, EventStore, migrateEventStore, Projections } from '../../../src/event-store/index.ts';
import { Facts } from '../../../src/facts/index.ts';
import { startProcess } from '../../support/child-process.ts';
import { counted, noted, sumsProjection } from '../../support/event-store.ts';
import { program } from '../../support/programs.ts';
import { PATIENCE_MS } from '../../support/wait-for.ts';
import type { FaultCase } from '../case.ts';
import type { Trial } from '../trial.ts';

const PROJECTOR = program('tests/faults/app/projector.ts');

interface StoreFixture {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly facts: Facts;
}

async function withStore(trial: Trial, act: (fixture: StoreFixture) => Promise<string[]>): Promise<string[]> {
  const pool = new Pool({ connectionString: trial.engine.url, max: 40 });
  pool.on('error', () => undefined);
  try {
    await migrateEventStore(pool);
    const facts = new Facts();
    const store = new EventStore({ pool, facts, events: [counted, noted] });
    const wrong = await act({ pool, store, facts });
    await store.settle();
    return wrong;
  } finally {
    await pool.end();
  }
}

/** Follows all events as a subscriber does, from where it was; notes what it saw and whether the order held. */
class Subscriber {
  readonly streams: string[] = [];
  readonly wrong: string[] = [];
  readonly #store: EventStore;
  #position = 0;

  constructor(store: EventStore) {
    this.#store = store;
  }

  async poll(): Promise<void> {
    for await (const { position, stream } of this.#store.readAll({ after: this.#position })) {
      if (position <= this.#position) this.wrong.push(`O: position ${position} came after ${this.#position}`);
      this.#position = position;
      this.streams.push(stream);
    }
  }

  missing(committed: readonly string[]): readonly string[] {
    const seen = new Set(this.streams);
    return [
      ...this.wrong,
      ...committed.filter(stream => !seen.has(stream)).map(stream => `G: ${stream} was never seen`),
      ...(seen.size === this.streams.length ? [] : ['G: an event was seen twice']),
      ...(this.streams.length === committed.length ? [] : ['G: something was seen that was never committed']),
    ];
  }
}

const otherOrder: FaultCase = {
  number: 20,
  title: 'appends commit in another order than they began, and a subscriber polls between',
  engines: ['postgres'],
  run: trial =>
    withStore(trial, async ({ pool, store }) => {
      const subscriber = new Subscriber(store);
      const committed: string[] = [];
      for (let round = 0; round < 10 * trial.scale; round += 1) {
        const open: { readonly tx: PoolClient; readonly stream: string }[] = [];
        for (let n = trial.between(2, 5); n > 0; n -= 1) {
          const tx = await pool.connect();
          await tx.query('begin');
          // Some have a transaction id long before they have a position.
          if (trial.random() < 0.5) await tx.query('select pg_current_xact_id()');
          open.push({ tx, stream: `${round}-${n}` });
        }
        for (const { tx, stream } of shuffled(open, trial)) {
          await store.append(stream, [counted({ by: 1 })], { expectedVersion: 0, tx });
          await subscriber.poll();
        }
        for (const { tx, stream } of shuffled(open, trial)) {
          await tx.query('commit');
          committed.push(stream);
          tx.release();
          await subscriber.poll();
        }
      }
      trial.measured.jobs = committed.length;
      await subscriber.poll();
      return [...subscriber.missing(committed)];
    }),
};

const rollbacks: FaultCase = {
  number: 21,
  title: 'every third append rolls back; one transaction idles with an append in it',
  engines: ['postgres'],
  run: trial =>
    withStore(trial, async ({ pool, store, facts }) => {
      const projections = new Projections({ store, projections: [sumsProjection()], pollEvery: 50, lagEvery: 20 });
      await projections.prepare();
      projections.start();
      const wrong: string[] = [];
      const subscriber = new Subscriber(store);
      const committed: string[] = [];
      const write = async (name: string, count: number): Promise<number> => {
        let last = 0;
        for (let n = 0; n < count; n += 1) {
          const tx = await pool.connect();
          await tx.query('begin');
          const stream = `${name}-${n}`;
          const { position } = await store.append(stream, [counted({ by: 1 })], { expectedVersion: 0, tx });
          const keeps = n % 3 !== 2;
          await tx.query(keeps ? 'commit' : 'rollback');
          tx.release();
          if (!keeps) continue;
          committed.push(stream);
          last = position;
        }
        return last;
      };
      const lasts = await Promise.all(Array.from({ length: 4 }, (_, n) => write(`a${n}`, 10 * trial.scale)));
      await projections
        .waitFor('sums', Math.max(...lasts), '60s')
        .catch(() => wrong.push('G: the projection stalls on gaps'));
      const idle = await pool.connect();
      await idle.query('begin');
      await store.append('idle', [counted({ by: 1 })], { expectedVersion: 0, tx: idle });
      const alarm = facts.next('projection.lag', ({ events, lagMs }) => events > 0 && lagMs >= 300);
      const behind = await write('b', 10);
      await subscriber.poll();
      await pause(300 * trial.scale);
      if ((await Promise.race([alarm, pause(PATIENCE_MS, undefined, { ref: false })])) === undefined)
        wrong.push('no alarm for the lag');
      await idle.query('commit');
      idle.release();
      committed.push('idle');
      await projections.waitFor('sums', behind, '60s').catch(() => wrong.push('G: what waited was not projected'));
      await subscriber.poll();
      await projections.stop();
      const { rows } = await pool.query<{ events: number }>('select sum(events)::int as events from read_sums.sum');
      if (rows[0]?.events !== committed.length)
        wrong.push(`G: ${rows[0]?.events} of ${committed.length} were projected`);
      trial.measured.jobs = committed.length;
      return [...wrong, ...subscriber.missing(committed)];
    }),
};

const oneStream: FaultCase = {
  number: 22,
  title: '16 writers on one stream',
  engines: ['postgres'],
  run: trial =>
    withStore(trial, async ({ store }) => {
      const wrong: string[] = [];
      let appended = 0;
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          for (let n = 0; n < 10 * trial.scale; n += 1) {
            const version = await store.streamVersion('one');
            try {
              await store.append('one', [counted({ by: 1 }), counted({ by: 2 })], { expectedVersion: version });
              appended += 2;
            } catch (error) {
              const says = error instanceof ConcurrencyError ? error : undefined;
              if (says?.expectedVersion !== (version === 0 ? 'no-stream' : version) || says.actualVersion <= version) {
                wrong.push(`O: a loser got ${String(error)}`);
              }
            }
          }
        }),
      );
      let expected = 0;
      for await (const { streamVersion } of store.readStream('one')) {
        expected += 1;
        if (streamVersion !== expected) wrong.push(`O: version ${streamVersion} stands where ${expected} should`);
      }
      if (expected !== appended) wrong.push(`L: ${appended} events were acknowledged, ${expected} are there`);
      trial.measured.jobs = appended;
      return wrong;
    }),
};

const killedProjector: FaultCase = {
  number: 23,
  title: 'SIGKILL a projector between write and checkpoint',
  engines: ['postgres'],
  run: trial =>
    withStore(trial, async ({ pool, store }) => {
      const env = { DATABASE_URL: trial.engine.url, PAUSE_MS: '15' };
      let position = 0;
      let events = 0;
      for (let round = 0; round < 3 * trial.scale; round += 1) {
        // Before the checkpoint is sent, in two rounds of three; anywhere around it in the third.
        const dieAt = round % 3 === 2 ? 0 : trial.between(1, 3);
        const projector = startProcess(PROJECTOR, { env: { ...env, DIE_AT: String(dieAt) } });
        await projector.line(/started/);
        for (let n = 0; n < 10; n += 1) {
          const batch = Array.from({ length: trial.between(1, 10) }, () => counted({ by: 1 }));
          ({ position } = await store.append(`s${n}`, batch, { expectedVersion: 'any' }));
          events += batch.length;
        }
        if (dieAt === 0) {
          await projector.line(/written/);
          await pause(trial.between(0, 20));
          projector.kill('SIGKILL');
        }
        // Until the batch has come that it dies in.
        const dead = { yes: false };
        void projector.ended.then(() => (dead.yes = true));
        while (!dead.yes) {
          await pause(20);
          ({ position } = await store.append('more', [counted({ by: 1 })], { expectedVersion: 'any' }));
          events += 1;
        }
      }
      const last = new Projections({ store, projections: [sumsProjection()], pollEvery: 50, lease: 300 });
      last.start();
      await last.waitFor('sums', position, '60s');
      const table = async () => (await pool.query('select * from read_sums.sum order by stream')).rows;
      const live = JSON.stringify(await table());
      const { rows } = await pool.query<{ events: number; total: number }>(
        'select sum(events)::int as events, sum(total)::int as total from read_sums.sum',
      );
      await last.stop();
      await last.rebuild('sums');
      trial.measured.jobs = events;
      return [
        ...(rows[0]?.events === events && rows[0].total === events
          ? []
          : [`G: ${events} events, ${JSON.stringify(rows)}`]),
        ...(JSON.stringify(await table()) === live ? [] : ['G: the rebuild is another than the live one']),
      ];
    }),
};

function shuffled<Value>(values: readonly Value[], trial: Trial): Value[] {
  return values
    .map(value => ({ value, at: trial.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

export const eventStoreFaults: readonly FaultCase[] = [killedProjector, otherOrder, rollbacks, oneStream];
