import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineJob, handle } from '../../src/contracts/index.ts';
import {
  defineDecider,
  defineProjection,
  EventStore,
  given,
  is,
  migrateEventStore,
  on,
  Projections,
  Repository,
} from '../../src/event-store/index.ts';
import { runHandler } from '../../src/testing/index.ts';
import { ROOT } from '../architecture/source-texts.ts';
import { freshDatabase } from '../support/engines.ts';

// The guides show this file: every block of theirs stands in it, word for word, but for what it imports.
const IMPORT = /^import \{ ([^}]+) \} from '([^']+)';\n/gm;

const stockReceived = defineEvent('stock.received', {
  schema: z.object({ quantity: z.int().min(1) }),
});
const stockShipped = defineEvent('stock.shipped', {
  schema: z.object({ quantity: z.int().min(1), orderId: z.string() }),
});

interface Item {
  readonly inStock: number;
}
type ItemCommand =
  | { readonly type: 'receive'; readonly quantity: number }
  | { readonly type: 'ship'; readonly quantity: number; readonly orderId: string };

const item = defineDecider<ItemCommand, Item>({
  name: 'item',
  initial: { inStock: 0 },
  decide(command, { inStock }) {
    if (command.type === 'receive') return [stockReceived({ quantity: command.quantity })];
    if (command.quantity > inStock) throw new Error(`Only ${inStock} are in stock.`);
    return [stockShipped({ quantity: command.quantity, orderId: command.orderId })];
  },
  evolve: [
    on(stockReceived, (state, { payload }) => ({ inStock: state.inStock + payload.quantity })),
    on(stockShipped, (state, { payload }) => ({ inStock: state.inStock - payload.quantity })),
  ],
});

const stock = defineProjection({
  name: 'stock',
  shape: 1,
  events: [stockReceived, stockShipped],
  tables: 'create table level (item text primary key, in_stock int not null)',
  async project(events, tx) {
    for (const event of events) {
      const change = is(stockReceived, event)
        ? event.payload.quantity
        : is(stockShipped, event)
          ? -event.payload.quantity
          : 0;
      await tx.query(
        `insert into level values ($1, $2)
         on conflict (item) do update set in_stock = level.in_stock + excluded.in_stock`,
        [event.stream, change],
      );
    }
  },
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

describe('the guide to event sourcing', () => {
  test('decides', () => {
    const check = (): void => {
      given(item, stockReceived({ quantity: 5 }))
        .when({ type: 'ship', quantity: 3, orderId: 'o-1' })
        .thenHappens(stockShipped({ quantity: 3, orderId: 'o-1' }));
      given(item).when({ type: 'ship', quantity: 1, orderId: 'o-1' }).thenRefuses('Only 0 are in stock');
    };
    expect(check).not.toThrow();
  });

  test('works from the first table to the rebuild', async () => {
    const database = await freshDatabase();
    const pool = new Pool({ connectionString: database.url });
    pool.on('error', () => undefined);
    cleanups.push(() => database.drop());

    await migrateEventStore(pool);
    const store = new EventStore({ pool, events: [stockReceived, stockShipped] });
    const items = new Repository(store, item);

    await items.execute('item-tea', { type: 'receive', quantity: 10 });
    const shipped = await items.execute(
      'item-tea',
      { type: 'ship', quantity: 4, orderId: 'o-7' },
      { commandId: 'ship-o-7', userId: 'ada' },
    );

    const projections = new Projections({ store, projections: [stock] });
    await projections.prepare();
    projections.start();

    await projections.waitFor('stock', shipped.position);
    const { rows } = await pool.query(`select * from ${projections.schemaOf('stock')}.level`);

    expect(rows).toEqual([{ item: 'item-tea', in_stock: 6 }]);
    const asOf = await items.load('item-tea', { version: 1 });
    expect(asOf.state).toEqual({ inStock: 10 });
    await projections.rebuild('stock');
    expect((await pool.query('select * from read_stock.level')).rows).toEqual(rows);

    const restockItem = defineJob({
      queue: 'purchasing',
      name: 'restock-item',
      schema: z.object({ stream: z.string(), quantity: z.int() }),
    });
    const restock = handle(restockItem, async ({ stream, quantity }, run) => {
      await items.execute(stream, { type: 'receive', quantity }, { commandId: run.effectId });
    });
    for (let again = 0; again < 2; again += 1) {
      const run = { jobId: 'job-1', effectId: 'job-1' };
      const outcome = await runHandler(restock, { stream: 'item-milk', quantity: 3 }, { run });
      expect(outcome).toMatchObject({ kind: 'succeeded' });
    }
    expect(await items.load('item-milk')).toEqual({ state: { inStock: 3 }, version: 1 });

    // Who holds the projections back.
    const [, finds = ''] =
      /```sql\n([^]*?)```/.exec(readFileSync(join(ROOT, 'docs/guides/event-sourcing.md'), 'utf8')) ?? [];
    const holder = await pool.connect();
    await holder.query('begin');
    expect((await pool.query(finds)).rows).toEqual([]);
    await items.execute('item-salt', { type: 'receive', quantity: 1 }, { tx: holder });
    const { rows: self } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');
    expect((await pool.query(finds)).rows).toMatchObject(self);
    await holder.query('rollback');
    holder.release();
    await projections.stop();
    await store.settle();
    await pool.end();
  });
});

describe('the guide to schema evolution', () => {
  test('reads what an older release has written', async () => {
    const database = await freshDatabase();
    const pool = new Pool({ connectionString: database.url });
    pool.on('error', () => undefined);
    cleanups.push(() => database.drop());
    await migrateEventStore(pool);
    const asItWas = defineEvent('account.opened', {
      schema: z.object({ ownerId: z.string(), initialBalance: z.int() }),
    });
    const before = new EventStore({ pool, events: [asItWas] });
    await before.append('account-1', [asItWas({ ownerId: 'ada', initialBalance: 100 })], {
      expectedVersion: 'no-stream',
    });
    await before.settle();
    const accountOpened = defineEvent('account.opened', {
      version: 2,
      schema: z.object({ ownerId: z.string(), ownerName: z.string(), initialBalance: z.int(), currency: z.string() }),
      upgrade: { 1: old => ({ currency: 'EUR', ownerName: 'Unknown', ...(old as object) }) },
    });
    const store = new EventStore({ pool, events: [accountOpened] });
    for await (const event of store.readStream('account-1')) {
      expect(event).toMatchObject({
        version: 2,
        payload: { ownerId: 'ada', ownerName: 'Unknown', initialBalance: 100, currency: 'EUR' },
      });
    }
    // The bank's own event is the one of the guide.
    const { accountOpened: ofTheBank } = await import('../../examples/bank/events.ts');
    expect(ofTheBank.upgrade[1]?.({ ownerId: 'ada', initialBalance: 100 })).toEqual(
      accountOpened.upgrade[1]?.({ ownerId: 'ada', initialBalance: 100 }),
    );
    // An older release keeps what it cannot read, and says so.
    await store.append(
      'account-2',
      [accountOpened({ ownerId: 'bob', ownerName: 'Bob', initialBalance: 0, currency: 'EUR' })],
      { expectedVersion: 'no-stream' },
    );
    for await (const event of before.readStream('account-2')) expect(event.problem?.kind).toBe('newer-version');
    await store.settle();
    await pool.end();
  });
});

test.each(['event-sourcing', 'schema-evolution'])('every block of the guide %s stands in this file', guide => {
  const here = squeezed(readFileSync(join(ROOT, 'tests/docs/event-store-guides.int.test.ts'), 'utf8'));
  const text = readFileSync(join(ROOT, `docs/guides/${guide}.md`), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  expect(blocks.length).toBeGreaterThan(0);
  expect(blocks.filter(block => !here.includes(squeezed(block.replaceAll(IMPORT, ''))))).toEqual([]);
});

test('the guide to event sourcing imports what it uses, from doors of the package that have it', async () => {
  const text = readFileSync(join(ROOT, 'docs/guides/event-sourcing.md'), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) => block).join('');
  const doors = {
    shiftwork: Object.keys(await import('../../src/index.ts')),
    'shiftwork/event-store': Object.keys(await import('../../src/event-store/index.ts')),
    zod: ['z'],
  };
  const imported = [...blocks.matchAll(IMPORT)].flatMap(([, names = '', door = '']) =>
    names.split(', ').map(name => ({ name, door })),
  );
  const of = new Map<string, readonly string[]>(Object.entries(doors));
  expect(imported.filter(({ name, door }) => of.get(door)?.includes(name) !== true)).toEqual([]);
  const used = new Set(blocks.replaceAll(IMPORT, '').match(/(?<![.\w'])[A-Za-z]\w*(?=[(<.])/g));
  const known = new Set(Object.values(doors).flat());
  const missing = [...used].filter(name => known.has(name) && !imported.some(each => each.name === name));
  expect(missing).toEqual([]);
});

function squeezed(code: string): string {
  return code.replaceAll(/\s+/g, ' ').trim();
}
