import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../contracts/index.ts';
import { ConcurrencyError } from '../append/concurrency-error.ts';
import { EventIdTakenError } from '../append/event-id-taken-error.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { StreamUnreadableError } from '../read/stream-unreadable-error.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { collect, counted, openStore, type StoreOfTest, tablesOf } from '../../../tests/support/event-store.ts';
import { defineDecider, on } from './decider.ts';
import { EventStore } from '../event-store.ts';
import { Repository } from './repository.ts';

let fixture: StoreOfTest;
let streams = 0;
const fresh = (): string => `counter-${(streams += 1)}`;
beforeAll(async () => {
  fixture = await openStore();
});
afterAll(() => fixture.close());

interface Counter {
  readonly sum: number;
  readonly last: Date | undefined;
}
function counter(decide: (by: number, state: Counter) => number[] = by => [by]) {
  return defineDecider<number, Counter>({
    name: 'counter',
    initial: { sum: 0, last: undefined },
    decide: (by, state) => decide(by, state).map(each => counted({ by: each })),
    evolve: [on(counted, (state, { payload, timestamp }) => ({ sum: state.sum + payload.by, last: timestamp }))],
  });
}
const repository = (...args: Parameters<typeof counter>) => new Repository(fixture.store, counter(...args));

describe('execute', () => {
  test('writes nothing when the state cannot follow the events', async () => {
    const failing = defineDecider<number, number>({
      name: 'failing',
      initial: 0,
      decide: by => [counted({ by })],
      evolve: [
        on(counted, (sum: number) => {
          if (sum === 0) throw new Error('it cannot follow');
          return sum;
        }),
      ],
    });
    const stream = fresh();
    await expect(new Repository(fixture.store, failing).execute(stream, 1)).rejects.toThrow('it cannot follow');
    expect(await fixture.store.streamVersion(stream)).toBe(0);
  });

  test('decides on what happened and appends what it decided', async () => {
    const counters = repository((by, { sum }) => [by, sum]);
    const stream = fresh();
    await counters.execute(stream, 5);
    const done = await counters.execute(stream, 1);
    expect(done).toMatchObject({ state: { sum: 11 }, version: 4, repeated: false });
    expect(await counters.load(stream)).toMatchObject({ state: { sum: 11 }, version: 4 });
    expect(done.position).toBe((await collect(fixture.store.readStream(stream))).at(-1)?.position);
  });

  test('appends nothing when nothing is decided', async () => {
    const stream = fresh();
    expect(await repository(() => []).execute(stream, 1)).toMatchObject({ version: 0, position: 0, events: [] });
  });

  test('of 16 at once on one stream decides again until all have happened', async () => {
    const counters = repository((by, { sum }) => [sum === 0 ? by : by]);
    const stream = fresh();
    await Promise.all(Array.from({ length: 16 }, () => counters.execute(stream, 1, { retries: 100 })));
    expect(await counters.load(stream)).toMatchObject({ state: { sum: 16 }, version: 16 });
  });

  test('gives up after its retries, and at once where the caller named the version', async () => {
    const stream = fresh();
    let tries = 0;
    const slow = new Repository(fixture.store, {
      ...counter(),
      evolve: (state: Counter) => {
        tries += 1;
        return state;
      },
    });
    await fixture.store.append(stream, [counted({ by: 1 })], { expectedVersion: 0 });
    await expect(slow.execute(stream, 1, { expectedVersion: 7 })).rejects.toThrow(ConcurrencyError);
    expect(tries).toBe(1);
    await expect(slow.execute(stream, 1, { expectedVersion: 1 })).resolves.toMatchObject({ version: 2 });
    for (const none of ['2', -1, null]) {
      const asked = slow.execute(stream, 1, { expectedVersion: none as never });
      await expect(asked).rejects.toThrow(InvalidOptionsError);
    }
  });

  test.each([Number.NaN, -1, 1.5, Infinity])('refuses %s retries', async retries => {
    const repository = new Repository(fixture.store, counter());
    await expect(repository.execute(fresh(), 1, { retries })).rejects.toThrow('retries to be an integer >= 0');
  });

  test('named by a command id happens once, however often it is sent', async () => {
    const counters = repository();
    const stream = fresh();
    // All of them have looked whether it is done before one of them does it.
    const holder = await fixture.pool.connect();
    await holder.query('begin');
    await fixture.store.append(stream, [counted({ by: 1 })], { expectedVersion: 'any', tx: holder });
    const executing = Array.from({ length: 5 }, () =>
      counters.execute(stream, 5, { commandId: `${stream}-deposit`, retries: 20 }),
    );
    await waitFor('all to wait for the stream', async () => {
      const { rowCount } = await fixture.pool.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`,
      );
      return rowCount === 5;
    });
    await holder.query('rollback');
    holder.release();
    const results = await Promise.all(executing);
    expect(results.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(await counters.load(stream)).toMatchObject({ state: { sum: 5 }, version: 1 });
    expect(await counters.execute(stream, 5, { commandId: `${stream}-deposit` })).toMatchObject({ repeated: true });
  });

  test('refuses a command id that stands for a command to another stream, which would otherwise pass for done', async () => {
    const counters = repository();
    const [a, b] = [fresh(), fresh()];
    await counters.execute(a, 5, { commandId: `${a}-move` });
    await expect(counters.execute(b, 5, { commandId: `${a}-move` })).rejects.toThrow(EventIdTakenError);
    expect(await fixture.store.streamVersion(b)).toBe(0);
  });

  test('in a transaction of the app sees what was done in it before, and takes no other connection', async () => {
    const single = new Pool({ connectionString: fixture.url, max: 1, connectionTimeoutMillis: 10_000 });
    const counters = new Repository(new EventStore({ pool: single, events: [counted] }), counter(), {
      snapshots: { every: 1, shape: 1 },
    });
    const [a, b] = [fresh(), fresh()];
    const tx = await single.connect();
    try {
      await tx.query('begin');
      await counters.execute(a, 1, { tx, retries: 0 });
      await counters.execute(a, 2, { tx, retries: 0, commandId: `${a}-second` });
      const both = [
        { stream: a, command: 4 },
        { stream: b, command: 8 },
      ];
      expect(await counters.executeTogether(both, { tx, retries: 0 })).toMatchObject([
        { state: { sum: 7 }, version: 3 },
        { state: { sum: 8 }, version: 1 },
      ]);
      expect(await counters.execute(a, 2, { tx, commandId: `${a}-second` })).toMatchObject({ repeated: true });
      expect(await counters.load(a, { tx })).toMatchObject({ version: 3 });
      await tx.query('rollback');
    } finally {
      tx.release();
      await single.end();
    }
    expect(await repository().load(a)).toMatchObject({ version: 0 });
  });

  test('together on several streams: all or none', async () => {
    const [a, b] = [fresh(), fresh()];
    const counters = repository((by, { sum }) => {
      if (sum + by < 0) throw new Error('below zero');
      return [by];
    });
    await counters.execute(a, 10);
    const move = (amount: number) =>
      counters.executeTogether([
        { stream: a, command: -amount },
        { stream: b, command: amount },
      ]);
    await expect(move(11)).rejects.toThrow('below zero');
    expect(await move(7)).toMatchObject([{ state: { sum: 3 } }, { state: { sum: 7 } }]);
    await Promise.allSettled(Array.from({ length: 10 }, () => move(1)));
    const states = await Promise.all([counters.load(a), counters.load(b)]);
    expect(states.map(({ state }) => state.sum).reduce((x, y) => x + y)).toBe(10);
  });
});

describe('load', () => {
  test('tells the state as of a version and as of a time', async () => {
    const stream = fresh();
    const at = (day: number): Date => new Date(Date.UTC(2026, 0, day));
    const events = [1, 2, 3].map(day => counted({ by: day }, { timestamp: at(day) }));
    await fixture.store.append(stream, events, { expectedVersion: 0 });
    const counters = repository();
    expect(await counters.load(stream, { version: 2 })).toMatchObject({ state: { sum: 3 }, version: 2 });
    expect(await counters.load(stream, { at: at(2) })).toMatchObject({ state: { sum: 3, last: at(2) }, version: 2 });
    expect(await counters.load(stream, { at: at(0) })).toMatchObject({ state: { sum: 0 }, version: 0 });
    expect(await counters.load('never-begun')).toMatchObject({ state: { sum: 0 }, version: 0 });
  });

  test.each([{ at: new Date('never') }, { version: -1 }, { version: Number.NaN }])(
    'refuses a time or version that is none: %j',
    async options => {
      const counters = new Repository(fixture.store, counter(), { snapshots: { every: 1, shape: 1 } });
      await expect(counters.load(fresh(), options)).rejects.toThrow(InvalidOptionsError);
    },
  );

  test('counts an event that it does not know: the next append does not conflict for ever', async () => {
    const stream = fresh();
    const painted = defineEvent('counter.painted', { schema: z.object({}) });
    const newer = new EventStore({ pool: fixture.pool, events: [counted, painted] });
    await newer.append(stream, [counted({ by: 1 }), painted({})], { expectedVersion: 0 });
    expect(await repository().execute(stream, 2)).toMatchObject({ version: 3, state: { sum: 3 } });
    await newer.settle();
  });

  test('refuses to decide on an event that it should know and cannot read', async () => {
    const stream = fresh();
    const changed = defineEvent('counter.counted', { version: 2, schema: z.object({ amount: z.int() }) });
    const newer = new EventStore({ pool: fixture.pool, events: [changed] });
    await newer.append(stream, [changed({ amount: 1 })], { expectedVersion: 0 });
    await expect(repository().execute(stream, 2)).rejects.toThrow(StreamUnreadableError);
    expect(await fixture.store.streamVersion(stream)).toBe(1);
    await newer.settle();
  });
});

describe('snapshots', () => {
  const shots = async (stream: string) =>
    (
      await fixture.pool.query(`select version, shape from ${tablesOf(fixture.store).snapshot} where stream = $1`, [
        stream,
      ])
    ).rows;

  test('are taken by count, used, and give the same state, dates included', async () => {
    const stream = fresh();
    const plain = repository();
    const counters = new Repository(fixture.store, counter(), { snapshots: { every: 4, shape: 1 } });
    for (let n = 1; n <= 6; n += 1) await counters.execute(stream, n);
    expect(await shots(stream)).toEqual([{ version: '4', shape: 'counter@1' }]);
    expect(await counters.load(stream)).toEqual(await plain.load(stream));
    expect(await counters.load(stream, { version: 3 })).toEqual(await plain.load(stream, { version: 3 }));
    // Without the events behind it the state still holds what the snapshot knows: it is read from there.
    await fixture.pool.query(
      `update ${tablesOf(fixture.store).snapshot} set state = '{"state":{"sum":1000},"dates":[]}' where stream = $1`,
      [stream],
    );
    expect(await counters.load(stream)).toMatchObject({ state: { sum: 1_011 } });
  });

  test('are not kept inside a transaction of the app, and are after its commit when asked for', async () => {
    const stream = fresh();
    const counters = new Repository(fixture.store, counter(), { snapshots: { every: 2, shape: 1 } });
    const command = async (end: 'commit' | 'rollback'): Promise<boolean> => {
      const tx = await fixture.pool.connect();
      await tx.query('begin');
      const { snapshotDue } = await counters.execute(stream, 1, { tx });
      await tx.query(end);
      tx.release();
      return snapshotDue;
    };
    expect([await command('commit'), await command('rollback')]).toEqual([false, true]);
    await counters.keepSnapshot(stream);
    expect(await shots(stream)).toEqual([]);
    expect(await command('commit')).toBe(true);
    await counters.keepSnapshot(stream);
    expect(await shots(stream)).toEqual([{ version: '2', shape: 'counter@1' }]);
  });

  test('of another shape are thrown away', async () => {
    const stream = fresh();
    const before = new Repository(fixture.store, counter(), { snapshots: { every: 1, shape: 1 } });
    await before.execute(stream, 5);
    await fixture.pool.query(
      `update ${tablesOf(fixture.store).snapshot} set state = '{"state":{"sum":1000},"dates":[]}' where stream = $1`,
      [stream],
    );
    const after = new Repository(fixture.store, counter(), { snapshots: { every: 1, shape: 2 } });
    expect(await after.execute(stream, 1)).toMatchObject({ state: { sum: 6 } });
    expect(await shots(stream)).toEqual([{ version: '2', shape: 'counter@2' }]);
  });

  test('that JSON would change are not kept, and a fact says so', async () => {
    const stream = fresh();
    const sets = defineDecider<number, { seen: Set<number> }>({
      name: 'set',
      initial: { seen: new Set() },
      decide: by => [counted({ by })],
      evolve: [on(counted, ({ seen }, { payload }) => ({ seen: new Set([...seen, payload.by]) }))],
    });
    const failed = fixture.facts.next('store.snapshot-failed');
    const executed = await new Repository(fixture.store, sets, { snapshots: { every: 1, shape: 1 } }).execute(
      stream,
      3,
    );
    expect(executed.version).toBe(1);
    expect(await failed).toMatchObject({ stream });
    expect(await shots(stream)).toEqual([]);
  });
});
