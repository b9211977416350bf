import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { causedBy } from '../tracing/index.ts';
import { defineEvent, InvalidPayloadError, PayloadTooLargeError } from '../contracts/index.ts';
import { ConcurrencyError } from './append/concurrency-error.ts';
import { EventIdTakenError } from './append/event-id-taken-error.ts';
import { EventStoreMissingError } from './schema/event-store-missing-error.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import { collect, counted, noted, openStore, type StoreOfTest, tablesOf } from '../../tests/support/event-store.ts';
import { EventStore } from './event-store.ts';
import { migrateEventStore } from './schema/tables.ts';

let fixture: StoreOfTest;
let store: EventStore;
let streams = 0;
const fresh = (): string => `counter-${(streams += 1)}`;
beforeAll(async () => {
  fixture = await openStore();
  ({ store } = fixture);
});
afterAll(() => fixture.close());

const count = (...numbers: number[]) => numbers.map(by => counted({ by }));

describe('append', () => {
  test('gives versions from 1 without a gap, and positions that rise', async () => {
    const stream = fresh();
    const first = await store.append(stream, count(1, 2, 3), { expectedVersion: 'no-stream' });
    const second = await store.append(stream, count(4), { expectedVersion: 3 });
    expect([first.versions, second.versions]).toEqual([[3], [4]]);
    const events = await collect(store.readStream(stream));
    expect(events.map(({ streamVersion }) => streamVersion)).toEqual([1, 2, 3, 4]);
    expect(events.map(({ position }) => position)).toEqual([...first.positions, ...second.positions]);
    expect(second.position).toBeGreaterThan(first.position);
    expect(events.map(({ payload }) => payload)).toEqual([{ by: 1 }, { by: 2 }, { by: 3 }, { by: 4 }]);
  });

  test.each([
    ['a version that has passed', 1, 2],
    ['a version to come', 7, 2],
    ['no stream', 'no-stream', 2],
    ['a stream', 'stream-exists', 0],
  ] as const)('expecting %s it refuses, names both versions and writes nothing', async (_, expectedVersion, actual) => {
    const stream = fresh();
    if (actual > 0) await store.append(stream, count(1, 2), { expectedVersion: 'any' });
    const refused = await store.append(stream, count(9), { expectedVersion }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConcurrencyError);
    expect(refused).toMatchObject({ stream, expectedVersion, actualVersion: actual });
    expect(await store.streamVersion(stream)).toBe(actual);
  });

  test("'any' and 'stream-exists' append to whatever version there is", async () => {
    const stream = fresh();
    await store.append(stream, count(1), { expectedVersion: 'any' });
    const { versions } = await store.append(stream, count(1), { expectedVersion: 'stream-exists' });
    expect(versions).toEqual([2]);
  });

  test('to several streams is all or nothing', async () => {
    const [a, b] = [fresh(), fresh()];
    await store.append(b, count(1), { expectedVersion: 0 });
    const appends = (expected: number) => [
      { stream: a, events: count(1, 2), expectedVersion: 0 },
      { stream: b, events: count(3), expectedVersion: expected },
    ];
    await expect(store.appendAll(appends(0))).rejects.toMatchObject({ stream: b, actualVersion: 1 });
    expect(await store.streamVersion(a)).toBe(0);
    expect(await store.appendAll(appends(1))).toMatchObject({ versions: [2, 2] });
  });

  test('two appends to the same streams in the other order never block each other', async () => {
    const names = Array.from({ length: 8 }, fresh);
    const appends = (list: readonly string[]) =>
      store.appendAll(list.map(stream => ({ stream, events: count(1), expectedVersion: 'any' as const })));
    await Promise.all(Array.from({ length: 30 }, (_, n) => appends(n % 2 === 0 ? names : names.toReversed())));
    for (const name of names) expect(await store.streamVersion(name)).toBe(30);
  });

  test('repeated with the same ids answers as the first time, whatever version it expects', async () => {
    const stream = fresh();
    const events = [counted({ by: 1 }, { id: `${stream}-a` }), counted({ by: 2 }, { id: `${stream}-b` })];
    const first = await store.append(stream, events, { expectedVersion: 0 });
    await store.append(stream, count(3), { expectedVersion: 2 });
    for (const expectedVersion of [0, 'any', 'stream-exists', 17] as const) {
      const again = await store.append(stream, events, { expectedVersion });
      expect(again).toEqual({ ...first, repeated: true });
    }
    expect(await store.streamVersion(stream)).toBe(3);
  });

  test('refuses an id that stands for another event, and writes nothing', async () => {
    const stream = fresh();
    const id = `${stream}-id`;
    await store.append(stream, [counted({ by: 1 }, { id })], { expectedVersion: 0 });
    for (const events of [
      [counted({ by: 2 }, { id })],
      [counted({ by: 1 }, { id }), counted({ by: 2 })],
      [counted({ by: 2 }), counted({ by: 1 }, { id })],
    ]) {
      await expect(store.append(stream, events, { expectedVersion: 'any' })).rejects.toThrow(EventIdTakenError);
    }
    await expect(store.append(fresh(), [counted({ by: 1 }, { id })], { expectedVersion: 0 })).rejects.toThrow(id);
    expect(await store.streamVersion(stream)).toBe(1);
  });

  test('of 16 writers that expect the same version one wins, and the others learn the version it made', async () => {
    const stream = fresh();
    const results = await Promise.allSettled(
      Array.from({ length: 16 }, (_, by) => store.append(stream, count(by), { expectedVersion: 'no-stream' })),
    );
    const refused = results.filter(result => result.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(refused).toHaveLength(15);
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'CONCURRENCY_CONFLICT', expectedVersion: 'no-stream', actualVersion: 1 });
    }
  });

  test.each([
    ['no events', 'x', [], InvalidOptionsError],
    ['a stream without a name', '', count(1), InvalidOptionsError],
    ['a payload that does not fit', 'x', [counted({ by: 1.5 })], InvalidPayloadError],
    ['an event too large', 'x', [noted({ text: 'x'.repeat(300_000), at: new Date() })], PayloadTooLargeError],
    ['an id twice', 'x', [counted({ by: 1 }, { id: 'i' }), counted({ by: 1 }, { id: 'i' })], InvalidOptionsError],
    ['a NUL in a text', 'x', [noted({ text: 'a\0b', at: new Date() })], InvalidPayloadError],
    [
      'a time that no calendar of four digits holds',
      'x',
      [noted({ text: '', at: new Date() }, { timestamp: new Date(-1e14) })],
      InvalidOptionsError,
    ],
    ['half of a surrogate pair', 'x', [noted({ text: '\\\ud800', at: new Date() })], InvalidPayloadError],
  ])('refuses %s, before anything is written', async (_, stream, events, error) => {
    const before = await store.safePosition();
    await expect(store.append(stream, events, { expectedVersion: 'any' })).rejects.toThrow(error);
    expect(await store.safePosition()).toBe(before);
  });

  test('takes texts that only look like what PostgreSQL cannot hold', async () => {
    const stream = fresh();
    const text = String.raw`\u0000 \\ud800 ` + '\u001b😀\\';
    await store.append(stream, [noted({ text, at: new Date(0) })], { expectedVersion: 'no-stream' });
    expect(await collect(store.readStream(stream))).toMatchObject([{ payload: { text } }]);
  });

  test('refuses a version that is none, a contract that is not its own, one stream twice', async () => {
    const foreign = defineEvent('counter.counted', { schema: z.object({ by: z.int() }) });
    for (const expectedVersion of [-1, 1.5, 3n, null, undefined]) {
      const asked = { expectedVersion } as unknown as { expectedVersion: number };
      await expect(store.append('x', count(1), asked)).rejects.toThrow('integer >= 0');
    }
    await expect(store.append('x', count(1), undefined as never)).rejects.toThrow('integer >= 0');
    await expect(store.append('x', null as never, { expectedVersion: 0 })).rejects.toThrow('at least one event');
    await expect(store.append('x', [foreign({ by: 1 })], { expectedVersion: 'any' })).rejects.toThrow('of this store');
    for (const none of [{}, null, { by: 1 }]) {
      await expect(store.append('x', [none as never], { expectedVersion: 'any' })).rejects.toThrow(
        'made by calling its',
      );
    }
    await expect(store.appendAll([null as never])).rejects.toThrow('the name of a stream');
    const twice = { stream: 'x', events: count(1), expectedVersion: 'any' } as const;
    await expect(store.appendAll([twice, twice])).rejects.toThrow('twice');
    await expect(store.appendAll([])).rejects.toThrow('1 to 100 streams');
  });

  test('inside a transaction of the app stands or falls with it', async () => {
    const stream = fresh();
    const tx = await fixture.pool.connect();
    await tx.query('begin');
    await store.append(stream, count(1), { expectedVersion: 0, tx });
    // A refusal leaves the transaction as it was.
    await expect(store.append(stream, count(1), { expectedVersion: 0, tx })).rejects.toThrow(ConcurrencyError);
    await tx.query('rollback');
    expect(await store.streamVersion(stream)).toBe(0);
    await tx.query('begin read only');
    await expect(store.append(stream, count(1), { expectedVersion: 0, tx })).rejects.toThrow(InvalidOptionsError);
    await tx.query('rollback');
    await tx.query('begin isolation level repeatable read');
    await expect(store.append(stream, count(1), { expectedVersion: 0, tx })).rejects.toThrow('read committed');
    await tx.query('rollback');
    tx.release();
  });

  test('names what is missing when nothing was migrated', async () => {
    const other = new EventStore({ pool: fixture.pool, events: [counted], namespace: 'nowhere' });
    await expect(other.append('x', count(1), { expectedVersion: 0 })).rejects.toThrow(EventStoreMissingError);
    await expect(other.safePosition()).rejects.toThrow('shiftwork migrate');
  });

  test('states what it did', async () => {
    const stated = fixture.facts.next('store.appended');
    const { position } = await store.append(fresh(), count(1, 2), { expectedVersion: 0 });
    expect(await stated).toMatchObject({ streams: 1, events: 2, position });
  });
});

describe('what comes back', () => {
  test('is what went in: dates, order of fields, metadata', async () => {
    const stream = fresh();
    const at = new Date('2026-02-03T04:05:06.789Z');
    await store.append(
      stream,
      [
        noted(
          { text: 'zuerst \u{1f600} "\\ {},', at },
          { timestamp: at, correlationId: 'c', causationId: 'q', userId: 'u' },
        ),
      ],
      { expectedVersion: 0 },
    );
    const [event] = await collect(store.readStream(stream));
    expect(event).toMatchObject({
      type: 'note.taken',
      version: 1,
      stream,
      streamVersion: 1,
      timestamp: at,
      payload: { text: 'zuerst \u{1f600} "\\ {},', at },
      metadata: { correlationId: 'c', causationId: 'q', userId: 'u' },
      problem: undefined,
    });
  });

  test('names its cause: that of the append, else that of the handler that runs, else itself', async () => {
    const stream = fresh();
    const cause = { correlationId: 'from-handler', causationId: 'job-1', userId: 'ada', traceparent: undefined };
    await causedBy(cause, () => store.append(stream, count(1), { expectedVersion: 0 }));
    await store.append(stream, count(2), { expectedVersion: 1, correlationId: 'from-append', userId: 'bob' });
    await store.append(stream, count(3), { expectedVersion: 2 });
    const [one, two, three] = await collect(store.readStream(stream));
    expect(one?.metadata).toMatchObject({ correlationId: 'from-handler', causationId: 'job-1', userId: 'ada' });
    expect(two?.metadata).toMatchObject({ correlationId: 'from-append', userId: 'bob' });
    expect(three?.metadata).toMatchObject({ correlationId: three?.id });
  });

  test('is read forward, backward, from, to and up to a limit, also over several fetches', async () => {
    const stream = fresh();
    for (let from = 0; from < 2_500; from += 500) {
      await store.append(stream, count(...Array.from({ length: 500 }, (_, n) => from + n)), { expectedVersion: from });
    }
    const versions = async (options: Parameters<EventStore['readStream']>[1]) =>
      (await collect(store.readStream(stream, options))).map(({ streamVersion }) => streamVersion);
    const all = Array.from({ length: 2_500 }, (_, n) => n + 1);
    expect(await versions({})).toEqual(all);
    expect(await versions({ direction: 'backward' })).toEqual(all.toReversed());
    expect(await versions({ from: 1_000, to: 2_200 })).toEqual(all.slice(999, 2_200));
    expect(await versions({ from: 2_000, to: 3, direction: 'backward' })).toEqual(all.slice(2, 2_000).toReversed());
    expect(await versions({ limit: 1_500 })).toEqual(all.slice(0, 1_500));
    expect(await versions({ limit: 0 })).toEqual([]);
    const [last] = await collect(store.readStream(stream, { direction: 'backward', limit: 1 }));
    const everything = await collect(store.readAll({ after: (last?.position ?? 0) - 1_200 }));
    expect(everything.map(({ streamVersion }) => streamVersion)).toEqual(all.slice(-1_200));
    expect(await collect(store.readAll({ limit: 3 }))).toHaveLength(3);
    expect(await collect(store.readAll({ types: ['nothing.happened'] }))).toEqual([]);
  });

  test.each([{ from: 1.5 }, { to: -1 }, { limit: Number.NaN }, { from: Infinity }])(
    'is not asked for with %j',
    options => {
      expect(() => fixture.store.readStream('x', options)).toThrow(InvalidOptionsError);
    },
  );

  test.each([{ direction: 'sideways' }, { direction: null }])('is not asked for with %j', options => {
    expect(() => fixture.store.readStream('x', options as never)).toThrow("'forward' or 'backward'");
  });

  test.each(['counter.counted', [1], null])('of the types %j is not asked for: they are a list of names', types => {
    expect(() => fixture.store.readAll({ types: types as never })).toThrow('list of');
  });

  test('is given to several that ask one reader at once, one to each, also at the end of a page', async () => {
    const stream = fresh();
    const { positions } = await store.append(stream, count(...Array.from({ length: 510 }, () => 1)), {
      expectedVersion: 0,
    });
    const reader = store.readStream(stream);
    const asked = await Promise.all(Array.from({ length: 512 }, () => reader.next()));
    expect(asked.map(({ value }) => value?.position)).toEqual([...positions, undefined, undefined]);
  });

  test('of any size is read in order, large ones in smaller pages', async () => {
    const stream = 'large';
    const large = Array.from({ length: 60 }, (_, n) => noted({ text: `${n} ${'x'.repeat(200_000)}`, at: new Date(n) }));
    for (let n = 0; n < 60; n += 20) {
      await fixture.store.append(stream, large.slice(n, n + 20), { expectedVersion: n });
    }
    const small = Array.from({ length: 600 }, (_, n) => counted({ by: n }));
    await fixture.store.append(stream, [...small], { expectedVersion: 60 });
    const all = await collect(fixture.store.readStream(stream));
    expect(all.map(({ streamVersion }) => streamVersion)).toEqual(Array.from({ length: 660 }, (_, n) => n + 1));
    const back = await collect(fixture.store.readStream(stream, { direction: 'backward' }));
    expect(back.toReversed()).toEqual(all);
  });

  test('of another release is kept and says so: an unknown type, a newer version, what fits no schema', async () => {
    const wide = [
      defineEvent('counter.counted', { version: 2, schema: z.object({ by: z.string() }) }),
      defineEvent('counter.smashed', { schema: z.object({}) }),
    ] as const;
    const other = new EventStore({ pool: fixture.pool, events: wide });
    const stream = fresh();
    await other.append(stream, [wide[0]({ by: 'two' }), wide[1]({})], { expectedVersion: 0 });
    await store.append(stream, count(5), { expectedVersion: 2 });
    const here = await collect(store.readStream(stream));
    expect(here.map(({ problem }) => problem?.kind)).toEqual(['newer-version', 'unknown-type', undefined]);
    expect(here[0]?.payload).toEqual({ by: 'two' });
    const there = await collect(other.readStream(stream));
    expect(there.map(({ problem }) => problem?.kind)).toEqual([undefined, undefined, 'unreadable']);
  });

  test('of an older version is upgraded step by step', async () => {
    const stream = fresh();
    await store.append(stream, count(5), { expectedVersion: 0 });
    const now = defineEvent('counter.counted', {
      version: 3,
      schema: z.object({ amount: z.int(), unit: z.string() }),
      upgrade: {
        1: old => ({ amount: (old as { by: number }).by }),
        2: old => ({ ...(old as object), unit: 'piece' }),
      },
    });
    const [event] = await collect(new EventStore({ pool: fixture.pool, events: [now] }).readStream(stream));
    expect(event).toMatchObject({ version: 3, payload: { amount: 5, unit: 'piece' }, problem: undefined });
  });
});

describe('the database', () => {
  test.each([
    'update %s set type = type',
    'delete from %s',
    'truncate %s',
    'truncate %s cascade',
    `insert into %s select * from %s on conflict (id) do update set type = 'another'`,
    'merge into %s e using (select 1) one on true when matched then delete',
    // What replication and restores set so that triggers keep still.
    "set session_replication_role = 'replica'; delete from %s",
  ])('refuses to %s', async statement => {
    const { event } = tablesOf(store);
    const client = await fixture.pool.connect();
    try {
      await expect(client.query(statement.replaceAll('%s', event))).rejects.toThrow('events are never changed');
    } finally {
      client.release(true);
    }
  });

  test('takes a migration again, also by several at once', async () => {
    await Promise.all(Array.from({ length: 4 }, () => migrateEventStore(fixture.pool)));
    await expect(store.append(fresh(), count(1), { expectedVersion: 0 })).resolves.toMatchObject({ versions: [1] });
  });

  test('is migrated again while an append is under way: it waits for nobody, and nobody for it', async () => {
    const tx = await fixture.pool.connect();
    await tx.query('begin');
    await fixture.store.append('under-way', [counted({ by: 1 })], { expectedVersion: 0, tx });
    const impatient = new Pool({ connectionString: fixture.url, max: 1, options: '-c lock_timeout=10s' });
    try {
      await expect(migrateEventStore(impatient)).resolves.toMatchObject({ applied: [] });
    } finally {
      await tx.query('rollback');
      tx.release();
      await impatient.end();
    }
  });

  test('keeps stores of two namespaces apart', async () => {
    await migrateEventStore(fixture.pool, 'apart');
    const apart = new EventStore({ pool: fixture.pool, events: [counted], namespace: 'apart' });
    await apart.append('counter-1', count(1), { expectedVersion: 'no-stream' });
    expect(await collect(apart.readAll())).toHaveLength(1);
    await apart.settle();
  });
});
