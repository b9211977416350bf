import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { defineEvent, InvalidContractError } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { ProjectionBehindError } from './projection-behind-error.ts';
import { ProjectionFailedError } from '../park/projection-failed-error.ts';
import { ProjectionUnknownError } from './projection-unknown-error.ts';
import { counted, noted, openStore, type StoreOfTest, tablesOf } from '../../../tests/support/event-store.ts';
import { PATIENCE_MS, waitFor } from '../../../tests/support/wait-for.ts';
import { is } from '../decide/decider.ts';
import { EventStore } from '../event-store.ts';
import { defineProjection, type ProjectionDefinition } from './projection.ts';
import { Projections, type ProjectionsOptions } from './projections.ts';

let fixture: StoreOfTest;
const running: Projections[] = [];
beforeEach(async () => {
  fixture = await openStore();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(each => each.stop()));
  await fixture.close();
});

const TABLES = 'create table sum (stream text primary key, total int not null, events int not null)';
const ADD = `insert into sum values ($1, $2, 1)
  on conflict (stream) do update set total = sum.total + excluded.total, events = sum.events + 1`;

function sums(changes: Partial<ProjectionDefinition> = {}) {
  return defineProjection({
    name: 'sums',
    shape: 1,
    events: [counted],
    tables: TABLES,
    attempts: 2,
    async project(events, tx) {
      for (const event of events) {
        if (!is(counted, event)) continue;
        if (event.payload.by < 0) throw new Error('below zero');
        await tx.query(ADD, [event.stream, event.payload.by]);
      }
    },
    ...changes,
  });
}
async function run(projection = sums(), options: Partial<ProjectionsOptions> = {}): Promise<Projections> {
  const projections = new Projections({
    store: fixture.store,
    projections: [projection],
    pollEvery: 50,
    // Longer than a busy machine keeps a process waiting: one that is cut off meanwhile is another test's.
    lease: '5m',
    ...options,
  });
  running.push(projections);
  await projections.prepare();
  projections.start();
  return projections;
}
const add = async (stream: string, ...numbers: number[]): Promise<number> => {
  const events = numbers.map(by => counted({ by }));
  return (await fixture.store.append(stream, events, { expectedVersion: 'any' })).position;
};
const table = async (schema = 'read_sums') =>
  (await fixture.pool.query(`select stream, total, events from ${schema}.sum order by stream`)).rows;

describe('a projection', () => {
  test('catches up, then follows', async () => {
    await add('a', 1, 2);
    await fixture.store.append('b', [noted({ text: 'not handled', at: new Date() })], { expectedVersion: 0 });
    const projections = await run();
    await projections.waitFor('sums', await add('a', 3), PATIENCE_MS);
    expect(await table()).toEqual([{ stream: 'a', total: 6, events: 3 }]);
    await projections.waitFor('sums', await add('b', 4), PATIENCE_MS);
    expect(await table()).toHaveLength(2);
    expect(await projections.status()).toMatchObject([{ name: 'sums', lagEvents: 0, parked: 0, stoppedAt: undefined }]);
  });

  test('hears of appends without polling', async () => {
    const projections = await run(sums(), { pollEvery: '10m', lease: '1h' });
    await projections.waitFor('sums', await add('a', 1), PATIENCE_MS);
    await fixture.store.settle();
    const advanced = fixture.facts.next('projection.advanced');
    await add('a', 1);
    expect(await advanced).toMatchObject({ events: 1 });
  });

  test('writes what the events say once, however often batches fail half-way', async () => {
    let calls = 0;
    const projections = await run(
      sums({
        async project(events, tx) {
          calls += 1;
          for (const event of events) if (is(counted, event)) await tx.query(ADD, [event.stream, event.payload.by]);
          if (calls % 3 !== 0 && events.length > 1) throw new Error('half-way');
        },
      }),
      { batchSize: 10 },
    );
    for (let n = 0; n < 10; n += 1) await add('a', 1, 1, 1);
    await projections.waitFor('sums', await add('a', 1), PATIENCE_MS);
    expect(await table()).toEqual([{ stream: 'a', total: 31, events: 31 }]);
  });

  test('keeps what nobody awaited in its transaction, failures included', async () => {
    const projections = await run(
      sums({
        async project(events, tx) {
          for (const event of events) if (is(counted, event)) void tx.query(ADD, [event.stream, event.payload.by]);
        },
      }),
    );
    await projections.waitFor('sums', await add('a', 1, 2), PATIENCE_MS);
    expect(await table()).toEqual([{ stream: 'a', total: 3, events: 2 }]);
    const stopped = fixture.facts.next('projection.stopped');
    await add('a', 2_147_483_647);
    expect((await stopped).error.message).toContain('out of range');
  });

  test.each([
    ['commit', 'leave its transaction alone'],
    ['set search_path = public', 'leave its transaction alone'],
  ])('may not say "%s"', async (statement, message) => {
    const stopped = fixture.facts.next('projection.stopped');
    await run(sums({ project: async (_, tx) => void (await tx.query(statement)) }));
    await add('a', 1);
    expect((await stopped).error.message).toContain(message);
  });

  test.each([
    ['behind another statement', 0, "insert into sum values ('x;y', 1, 1); commit"],
    ['behind a comment', 0, '/* done */ commit'],
    ['behind a quoted text', 0, "insert into sum values ('it''s', 1, 1); -- so\n rollback"],
    ['where only the missing transaction tells', 1, "insert into sum values (E'\\'', 1, 1); commit; select ''"],
  ])('may not end its transaction %s', async (_, written, text) => {
    const projections = await run(sums({ attempts: 1, project: async (__, tx) => void (await tx.query(text)) }));
    const stopped = fixture.facts.next('projection.stopped');
    await add('a', 1);
    expect((await stopped).error.message).toContain('leave its transaction alone');
    expect(await projections.status()).toMatchObject([{ position: 0 }]);
    expect(await table()).toHaveLength(written);
  });

  test('may send several statements at once, and bodies of functions', async () => {
    const text = `create or replace function one() returns int language sql as 'select 1; ';
      do $$ begin perform 1; end $$; insert into sum values ('; commit', 1, 1)`;
    const projections = await run(sums({ project: async (_, tx) => void (await tx.query(text)) }));
    const { position } = await fixture.store.append('a', [counted({ by: 1 })], { expectedVersion: 0 });
    await projections.waitFor('sums', position, PATIENCE_MS);
    expect(await table()).toEqual([{ stream: '; commit', total: 1, events: 1 }]);
  });

  test('queries with texts alone: what else node-postgres takes could hide a commit', async () => {
    const hidden = { text: 'commit' } as unknown as string;
    const stopped = fixture.facts.next('projection.stopped');
    await run(sums({ attempts: 1, project: async (_, tx) => void (await tx.query(hidden)) }));
    await add('a', 1);
    expect((await stopped).error.message).toContain('with a text and values, got object');
  });

  test('may not write when its batch has ended', async () => {
    const late = Promise.withResolvers<unknown>();
    const projections = await run(
      sums({
        async project(_, tx) {
          setTimeout(() => {
            try {
              void tx.query('select 1');
              late.resolve('it could');
            } catch (error) {
              late.resolve(error);
            }
          }, 20);
        },
      }),
    );
    await projections.waitFor('sums', await add('a', 1), PATIENCE_MS);
    expect(String(await late.promise)).toContain('after the batch had ended');
  });

  test('says how far behind it is, also behind an append that is not committed', async () => {
    await run(sums(), { lagEvery: 20 });
    const tx = await fixture.pool.connect();
    await tx.query('begin');
    await fixture.store.append('a', [counted({ by: 1 })], { expectedVersion: 0, tx });
    await add('b', 1, 2);
    const lag = await fixture.facts.next('projection.lag', ({ events, lagMs }) => events === 2 && lagMs > 0);
    expect(lag).toMatchObject({ projection: 'sums', generation: 'live' });
    await tx.query('commit');
    tx.release();
    expect(await fixture.facts.next('projection.lag', ({ events }) => events === 0)).toMatchObject({ lagMs: 0 });
  });

  test('goes on while a transaction elsewhere in the database stays open, and when that one appends says so as its lag', async () => {
    const projections = await run(sums(), { lagEvery: 20 });
    const long = await fixture.pool.connect();
    await long.query('begin isolation level repeatable read');
    await long.query('create table elsewhere (n int)');
    await long.query('select pg_current_xact_id()');
    await projections.waitFor('sums', await add('a', 1, 2), PATIENCE_MS);
    await projections.rebuild('sums');
    await projections.waitFor('sums', await add('a', 3), PATIENCE_MS);
    expect(await table()).toEqual([{ stream: 'a', total: 6, events: 3 }]);
    await long.query('rollback');
    await long.query('begin');
    await fixture.store.append('b', [counted({ by: 1 })], { expectedVersion: 0, tx: long });
    const lag = fixture.facts.next('projection.lag', ({ events }) => events === 1);
    await add('a', 4);
    expect(await lag).toMatchObject({ projection: 'sums', events: 1 });
    await long.query('commit');
    long.release();
    await projections.waitFor('sums', await fixture.store.safePosition(), PATIENCE_MS);
    expect(await table()).toMatchObject([{ total: 10 }, { total: 1 }]);
  });

  test('that stands still says how far it falls behind', async () => {
    await run(sums(), { lagEvery: 20 });
    const stopped = fixture.facts.next('projection.stopped');
    await add('a', -1);
    await stopped;
    const lag = fixture.facts.next('projection.lag', ({ events }) => events === 3);
    await add('a', 1, 1);
    expect((await lag).lagMs).toBeGreaterThanOrEqual(0);
  });

  test('that is behind says so to who waits', async () => {
    const projections = new Projections({ store: fixture.store, projections: [sums()] });
    await projections.prepare();
    const position = await add('a', 1);
    await expect(projections.waitFor('sums', position, 30)).rejects.toThrow(ProjectionBehindError);
    await expect(projections.waitFor('other', position)).rejects.toThrow(ProjectionUnknownError);
    await expect(projections.waitFor('sums', Number.NaN)).rejects.toThrow(InvalidOptionsError);
  });

  test('is refused where the database would cut off the name of its schema, and quoted where it needs that', async () => {
    const name = 'a'.repeat(30);
    const at = (namespace: string) =>
      new Projections({
        store: new EventStore({ pool: fixture.pool, namespace, events: [counted] }),
        projections: [sums({ name })],
      });
    expect(() => at('n'.repeat(21))).not.toThrow();
    expect(() => at('n'.repeat(22))).toThrow(/at most 63 characters/);
    expect(at('Prod-1').schemaOf(name)).toBe(`"read_${name}_Prod-1"`);
    expect(at('prod').schemaOf(name)).toBe(`read_${name}_prod`);
  });

  test('that was stopped is not started again: it would stand still in silence', async () => {
    const projections = await run();
    await projections.stop();
    expect(() => projections.start()).toThrow('make new ones');
  });

  test('is not started on a pool whose connections would wait for each other for ever', async () => {
    const pool = new Pool({ connectionString: fixture.url, max: 2 });
    const store = new EventStore({ pool, events: [counted] });
    expect(() => new Projections({ store, projections: [sums()] }).start()).toThrow('at least 3 connections');
    await pool.end();
  });

  test('is refused with a name twice, a foreign event, a name that is no schema', () => {
    const make = (...projections: ReturnType<typeof sums>[]) => new Projections({ store: fixture.store, projections });
    expect(() => make(sums(), sums())).toThrow(InvalidContractError);
    const foreign = defineEvent('counter.counted', { schema: z.object({}) });
    expect(() => make(sums({ events: [foreign] }))).toThrow('to handle events of the store, got');
    expect(() => sums({ name: 'Sums"; drop' })).toThrow(InvalidContractError);
    expect(() => sums({ shape: 0 })).toThrow('shape');
  });
});

describe('of several processes', () => {
  test('one runs a projection, and another when that one stops', async () => {
    const started: number[] = [];
    fixture.facts.on('projection.started', ({ fields }) => started.push(fields.position));
    // So long that a busy machine does not let it run out, which is another way to change hands.
    const first = await run(sums(), { lease: '5m' });
    await first.waitFor('sums', await add('a', 1), PATIENCE_MS);
    const second = await run(sums(), { lease: '5m' });
    await first.waitFor('sums', await add('a', 1), PATIENCE_MS);
    expect(started).toHaveLength(1);
    const again = fixture.facts.next('projection.started');
    await first.stop();
    await again;
    await second.waitFor('sums', await add('a', 1), PATIENCE_MS);
    expect(await table()).toEqual([{ stream: 'a', total: 3, events: 3 }]);
  });

  test('one renews its lease in time although the clock of its machine is put back by 10 minutes', async () => {
    const projections = await run(sums(), { lease: 400 });
    await projections.waitFor('sums', await add('a', 1), PATIENCE_MS);
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() - 600_000);
    onTestFinished(() => void vi.restoreAllMocks());
    const leaseUntil = async (): Promise<string> => {
      const { rows } = await fixture.pool.query<{ lease_until: string }>(
        `select lease_until::text from ${tablesOf(fixture.store).projection} where name = 'sums' and generation = 'live'`,
      );
      return rows[0]?.lease_until ?? '';
    };
    const seen = new Set<string>();
    await waitFor('four leases in a row', async () => seen.add(await leaseUntil()).size >= 4);
    expect([...seen]).toEqual([...seen].toSorted());
  });

  test('one that was silent for longer than its lease writes nothing more: the new one has a higher token', async () => {
    const entered = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let silent = true;
    const projection = sums({
      async project(events, tx) {
        if (silent) {
          silent = false;
          entered.resolve();
          await goOn.promise;
        }
        for (const event of events) if (is(counted, event)) await tx.query(ADD, [event.stream, event.payload.by]);
      },
    });
    await run(projection, { lease: 400 });
    await add('a', 1);
    await entered.promise;
    // As if the process had been frozen outside of its transaction: the connection is gone, the lease runs out, another comes.
    const lost = fixture.facts.next('projection.stalled');
    await fixture.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`,
    );
    await fixture.pool.query(
      `update ${tablesOf(fixture.store).projection} set token = token + 1, owner = 'other', lease_until = now() + interval '300 ms'`,
    );
    goOn.resolve();
    await lost;
    await expect.poll(() => table()).toEqual([{ stream: 'a', total: 1, events: 1 }]);
  });

  test('one that stands still in the middle of a batch is cut off by the database, another goes on, and it can still be stopped', async () => {
    const entered = Promise.withResolvers<void>();
    const stuck = await run(
      sums({
        async project(events, tx) {
          for (const event of events) await tx.query(ADD, [event.stream, 1_000]);
          entered.resolve();
          // A frozen process, or a handler that waits for what never comes: its transaction keeps the projection's row.
          await new Promise(() => undefined);
        },
      }),
      { lease: 400 },
    );
    const position = await add('a', 1);
    await entered.promise;
    const stalled = fixture.facts.next('projection.stalled');
    const other = await run(sums(), { lease: 400 });
    await other.waitFor('sums', position, PATIENCE_MS);
    expect((await stalled).error).toMatchObject({ code: '25P03' });
    await stuck.stop();
    expect(await table()).toEqual([{ stream: 'a', total: 1, events: 1 }]);
  });

  test('a batch under an old token is refused as a whole', async () => {
    const { projectBatch } = await import('./project-batch.ts');
    const projections = new Projections({ store: fixture.store, projections: [sums()] });
    await projections.prepare();
    const { pool } = fixture;
    const names = tablesOf(fixture.store);
    const batch = (token: number) =>
      projectBatch(
        { pool, names, namespace: undefined, projection: sums(), generation: 'live', token, leaseMs: 1_000 },
        { events: [], from: 0, to: 5 },
      );
    await pool.query(`update ${names.projection} set token = 7`);
    await expect(batch(6)).rejects.toThrow('Another process');
    await expect(batch(7)).resolves.toBeUndefined();
    await expect(batch(7)).rejects.toThrow('Another process');
  });
});

describe('an event that the handler fails on', () => {
  test('stops the projection there, until it is resumed', async () => {
    const stopped = fixture.facts.next('projection.stopped');
    const projections = await run();
    await add('a', 1, 2);
    const poison = await add('b', -1);
    const last = await add('a', 3);
    expect(await stopped).toMatchObject({ position: poison, eventType: 'counter.counted' });
    expect(await table()).toEqual([{ stream: 'a', total: 3, events: 2 }]);
    expect(await projections.status()).toMatchObject([
      { stoppedAt: poison, stoppedBecause: 'below zero', lagEvents: 2 },
    ]);
    await expect(projections.waitFor('sums', last, 100)).rejects.toThrow(ProjectionBehindError);
    const again = fixture.facts.next('projection.stopped');
    await projections.resume('sums');
    expect(await again).toMatchObject({ position: poison });
  });

  test.each([
    ['a NUL in its message', () => new Error('a\0b'), 'a\uFFFDb'],
    ['a message that is no text', () => Object.assign(new Error(), { message: 42 }), 'It failed without saying why.'],
    ['traps', () => new Proxy(new Error('x'), { get: trap }), 'It failed with something that cannot be looked at.'],
  ])('applies its policy also to an error with %s', async (_, make, reason) => {
    const failing = (name: string, onPoison: 'stop' | 'park') =>
      sums({ name, onPoison, attempts: 1, project: () => Promise.reject(make()) });
    const [stopped, parked] = [fixture.facts.next('projection.stopped'), fixture.facts.next('projection.parked')];
    const stopping = await run(failing('stopping', 'stop'));
    const parking = await run(failing('parking', 'park'));
    const position = await add('a', 1);
    await Promise.all([stopped, parked]);
    expect(await stopping.status()).toMatchObject([{ stoppedAt: position, stoppedBecause: reason }]);
    expect(await parking.parked('parking')).toMatchObject([{ position, error: reason }]);
    await parking.retryParked('parking');
    expect(await parking.parked('parking')).toMatchObject([{ position, error: reason }]);
  });

  test('is parked, what follows in its stream waits behind it, other streams go on; a retry brings all of it in order', async () => {
    let mended = false;
    const order: string[] = [];
    const projection = sums({
      onPoison: 'park',
      async project(events, tx) {
        for (const event of events) {
          if (!is(counted, event)) continue;
          if (event.payload.by < 0 && !mended) throw new Error('below zero');
          await tx.query(ADD, [event.stream, event.payload.by]);
          if (event.stream === 'a' && mended) order.push(`${event.streamVersion}`);
        }
      },
    });
    const parked = fixture.facts.next('projection.parked');
    const projections = await run(projection);
    await add('a', 1, -5, 2);
    await add('b', 7);
    await projections.waitFor('sums', await add('a', 3), PATIENCE_MS);
    expect(await parked).toMatchObject({ stream: 'a', eventType: 'counter.counted' });
    expect(await table()).toEqual([
      { stream: 'a', total: 1, events: 1 },
      { stream: 'b', total: 7, events: 1 },
    ]);
    const letters = await projections.parked('sums');
    expect(letters.map(({ error }) => error)).toEqual(['below zero', undefined, undefined]);
    expect(await projections.retryParked('sums')).toEqual({ done: 0, left: 3 });
    mended = true;
    expect(await projections.retryParked('sums')).toEqual({ done: 3, left: 0 });
    await projections.waitFor('sums', await add('a', 4), PATIENCE_MS);
    expect(order).toEqual(['2', '3', '4', '5']);
    expect(await table()).toMatchObject([{ stream: 'a', total: 5, events: 5 }, { stream: 'b' }]);
  });

  test('in a batch that takes longer than the database allows comes in a smaller one', async () => {
    const sizes: number[] = [];
    // All of them are there before the first look: an append is decided event by event, and a look may fall between two of them.
    const position = await add('a', 1, 1, 1, 1);
    const projections = await run(
      sums({
        async project(events, tx) {
          sizes.push(events.length);
          if (events.length > 2) {
            await tx.query("select set_config('statement_timeout', '50', true)");
            await tx.query('select pg_sleep(20)');
          }
          for (const { stream } of events) await tx.query(ADD, [stream, 1]);
        },
      }),
    );
    await projections.waitFor('sums', position, PATIENCE_MS);
    expect(sizes).toEqual([4, 2, 2]);
    expect(await table()).toEqual([{ stream: 'a', total: 4, events: 4 }]);
  });

  test('because the database is away is tried for as long as it takes, without an attempt spent', async () => {
    let failures = 5;
    const projections = await run(
      sums({
        attempts: 1,
        async project(events, tx) {
          failures -= 1;
          if (failures > 0) throw Object.assign(new Error('server is going down'), { code: '57P01' });
          for (const event of events) if (is(counted, event)) await tx.query(ADD, [event.stream, event.payload.by]);
        },
      }),
    );
    await projections.waitFor('sums', await add('a', 1), PATIENCE_MS);
    expect(await table()).toEqual([{ stream: 'a', total: 1, events: 1 }]);
  });

  test('and that no contract knows is passed over and stated, or stops, as the projection says', async () => {
    const painted = defineEvent('counter.painted', { schema: z.object({}) });
    const newer = new EventStore({ pool: fixture.pool, events: [counted, painted] });
    const { position } = await newer.append('a', [counted({ by: 1 }), painted({}), counted({ by: 2 })], {
      expectedVersion: 0,
    });
    await newer.settle();
    const unhandled = fixture.facts.next('projection.unhandled');
    const stopped = fixture.facts.next('projection.stopped');
    const strict = sums({ name: 'strict', onUnknown: 'stop' });
    const projections = await run(sums(), { projections: [sums(), strict] });
    expect(await unhandled).toMatchObject({ eventType: 'counter.painted' });
    await projections.waitFor('sums', position, PATIENCE_MS);
    expect(await table()).toEqual([{ stream: 'a', total: 3, events: 2 }]);
    expect(await stopped).toMatchObject({ projection: 'strict', position: position - 1 });
    expect(await table('read_strict')).toEqual([{ stream: 'a', total: 1, events: 1 }]);
  });
});

describe('a rebuild', () => {
  const dump = async () => JSON.stringify(await table());

  test('equals the live one, byte for byte, and takes its place while writers and readers go on', async () => {
    // As fast as they can they would take the processors from the rebuild, and give it ever more to do.
    const PACE_MS = 5;
    const projections = await run();
    const writing = { on: true };
    const write = async (): Promise<void> => {
      for (let n = 0; writing.on; n += 1) {
        await add(`s${n % 7}`, n % 5, 1);
        await pause(PACE_MS);
      }
    };
    const read = async (): Promise<number> => {
      let last = 0;
      while (writing.on) {
        const { rows } = await fixture.pool.query<{ n: number }>(
          'select coalesce(sum(events), 0)::int as n from read_sums.sum',
        );
        const n = rows[0]?.n ?? -1;
        expect(n).toBeGreaterThanOrEqual(last);
        last = n;
        await pause(PACE_MS);
      }
      return last;
    };
    const busy = [write(), read()] as const;
    for (let n = 0; n < 3; n += 1) {
      expect(await projections.rebuild('sums')).toMatchObject({ finished: true });
    }
    writing.on = false;
    await Promise.all(busy);
    await projections.waitFor('sums', await add('s0', 0), PATIENCE_MS);
    const live = await dump();
    await projections.stop();
    await projections.rebuild('sums');
    expect(await dump()).toBe(live);
    const schemas = await fixture.pool.query(`select nspname from pg_namespace where nspname like 'read%'`);
    expect(schemas.rows).toEqual([{ nspname: 'read_sums' }]);
  });

  test('that is stopped goes on where it was', async () => {
    for (let n = 0; n < 10; n += 1) await add('a', ...Array.from({ length: 100 }, () => 1));
    const projections = new Projections({ store: fixture.store, projections: [sums()], batchSize: 100 });
    await projections.prepare();
    const stop = new AbortController();
    const first = await projections.rebuild('sums', {
      signal: stop.signal,
      onProgress: ({ position }) => position >= 300 && stop.abort(),
    });
    expect(first).toMatchObject({ finished: false, events: 300 });
    expect(await projections.status()).toMatchObject([{ rebuilding: first.position, position: 0 }]);
    expect(await projections.rebuild('sums')).toMatchObject({ finished: true, events: 700 });
    expect(await table()).toEqual([{ stream: 'a', total: 1_000, events: 1_000 }]);
  });

  test('that is asked for by two at once is done by one after the other', async () => {
    const ask = async (): Promise<unknown> => {
      // So long that none takes over from one that is only slow.
      const projections = new Projections({ store: fixture.store, projections: [sums()], batchSize: 20, lease: '5m' });
      await projections.prepare();
      return projections.rebuild('sums');
    };
    await add('a', ...Array.from({ length: 200 }, () => 1));
    expect(await Promise.all([ask(), ask()])).toMatchObject([
      { finished: true, events: 200 },
      { finished: true, events: 200 },
    ]);
    expect(await table()).toEqual([{ stream: 'a', total: 200, events: 200 }]);
  });

  test('that fails leaves the live one as it was', async () => {
    const projections = await run();
    await projections.waitFor('sums', await add('a', 1), PATIENCE_MS);
    const stopped = fixture.facts.next('projection.stopped');
    await add('b', -1);
    await stopped;
    await expect(projections.rebuild('sums')).rejects.toThrow(ProjectionFailedError);
    expect(await table()).toEqual([{ stream: 'a', total: 1, events: 1 }]);
    expect(await projections.status()).toMatchObject([{ position: 1, stoppedBecause: 'below zero' }]);
  });

  test('parks what the live one has parked, and what follows in those streams', async () => {
    const projections = await run(sums({ onPoison: 'park' }));
    await add('a', 1);
    await projections.waitFor('sums', await add('b', 5, -1, 2), PATIENCE_MS);
    const [live, letters] = [await dump(), await projections.parked('sums')];
    await projections.rebuild('sums');
    expect(await dump()).toBe(live);
    const again = await projections.parked('sums');
    expect(again.map(({ position, error }) => [position, error])).toEqual(
      letters.map(({ position, error }) => [position, error]),
    );
    expect(again.map(({ error }) => error)).toEqual(['below zero', undefined]);
    await projections.waitFor('sums', await add('b', 3), PATIENCE_MS);
    expect(await projections.parked('sums')).toHaveLength(3);
  });

  test('brings another shape: until then nobody writes it, afterwards the release that knows it', async () => {
    const old = await run();
    await old.waitFor('sums', await add('a', 1), PATIENCE_MS);
    const wider = sums({
      shape: 2,
      tables: `${TABLES.slice(0, -1)}, highest int not null default 0)`,
      async project(events, tx) {
        for (const event of events) {
          if (!is(counted, event)) continue;
          await tx.query(ADD, [event.stream, event.payload.by]);
          await tx.query('update sum set highest = greatest(highest, $2) where stream = $1', [
            event.stream,
            event.payload.by,
          ]);
        }
      },
    });
    const next = new Projections({ store: fixture.store, projections: [wider], pollEvery: 50 });
    running.push(next);
    expect(await next.prepare()).toEqual(['sums']);
    expect(await next.status()).toMatchObject([{ shape: 1, needsRebuild: true }]);
    expect(await old.status()).toMatchObject([{ needsRebuild: false }]);
    next.start();
    await old.waitFor('sums', await add('a', 5), PATIENCE_MS);
    await next.rebuild('sums');
    await next.waitFor('sums', await add('a', 4), PATIENCE_MS);
    const { rows } = await fixture.pool.query('select * from read_sums.sum');
    expect(rows).toEqual([{ stream: 'a', total: 10, events: 3, highest: 5 }]);
    expect(await next.prepare()).toEqual([]);
  });
});

function trap(): never {
  throw new Error('a trap');
}
