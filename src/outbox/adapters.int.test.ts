import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import createKnex, { type Knex } from 'knex';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { freshDatabase, type FreshDatabase } from '../../tests/support/engines.ts';
import { openPrisma, type PrismaDatabase } from '../../tests/support/prisma-client.ts';
import { defineEvent, defineJob } from '../contracts/index.ts';
import {
  fromDrizzle,
  fromKnex,
  fromPrisma,
  migrateOutbox,
  once,
  onceInTransaction,
  Outbox,
  type Sql,
} from './index.ts';

const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.object({ text: z.string() }) });
const met = defineEvent('user.met', { schema: z.object({ text: z.string() }) });

/** A transaction of the library, in which `use` works; rejects and rolls back when `use` does. */
type Transaction = (use: (tx: Sql) => Promise<void>) => Promise<unknown>;

describe('adapters', () => {
  let database: FreshDatabase;
  let pool: Pool;
  let knex: Knex;
  let prisma: PrismaDatabase;
  const outbox = new Outbox();

  beforeAll(async () => {
    database = await freshDatabase();
    pool = new Pool({ connectionString: database.url, max: 4 });
    pool.on('error', () => undefined);
    knex = createKnex({ client: 'pg', connection: database.url, pool: { min: 0, max: 2 } });
    prisma = openPrisma(database.url);
    await migrateOutbox(pool);
  });
  afterAll(async () => {
    await knex.destroy();
    await prisma.close();
    await pool.end();
    await database.drop();
  });

  const transactions: Readonly<Record<string, Transaction>> = {
    knex: use => knex.transaction(trx => use(fromKnex(trx))),
    drizzle: use => drizzle(pool).transaction(tx => use(fromDrizzle(tx, sql))),
    prisma: use => prisma.transaction(tx => use(fromPrisma(tx))),
  };
  const kept = async (text: string): Promise<number> => {
    const { rows } = await pool.query<{ body: string }>('select body::text as body from shiftwork_outbox.entry');
    return rows.filter(({ body }) => body.includes(text)).length;
  };

  test.each(Object.keys(transactions))('%s: what was written is there after the commit and not before', async name => {
    const text = `${name} asks "why?" and pays $1`;
    await transactions[name]?.(async tx => {
      await outbox.enqueue(tx, greet, { text });
      expect(await kept(JSON.stringify(text).slice(1, -1))).toBe(0);
    });
    expect(await kept(JSON.stringify(text).slice(1, -1))).toBe(1);
  });

  test.each(Object.keys(transactions))('%s: a rollback takes it away', async name => {
    const text = `${name} rolled back`;
    const rolledBack = transactions[name]?.(async tx => {
      await outbox.enqueue(tx, greet, { text });
      throw new Error('no after all');
    });
    await expect(rolledBack).rejects.toThrow('no after all');
    expect(await kept(text)).toBe(0);
  });

  test.each(Object.keys(transactions))('%s: the inbox works in it too', async name => {
    const seen: boolean[] = [];
    for (let delivery = 0; delivery < 2; delivery += 1) {
      await transactions[name]?.(async tx => {
        seen.push(await once(tx, `${name}-billing`, { id: 'event-1' }, () => undefined));
      });
    }
    expect(seen).toEqual([true, false]);
  });

  test('onceInTransaction takes its own key alone for a repeat: a violation of the effect is thrown, and leaves no key', async () => {
    await pool.query('create table payment (id text primary key)');
    const pay = async (key: string, id: string): Promise<boolean | undefined> => {
      let first: boolean | undefined;
      await transactions['knex']?.(async tx => {
        first = await onceInTransaction(tx, 'pay', key, () => tx.query('insert into payment values ($1)', [id]));
      });
      return first;
    };
    expect([await pay('a', 'p-1'), await pay('a', 'p-1')]).toEqual([true, false]);
    await expect(pay('b', 'p-1')).rejects.toMatchObject({ code: '23505' });
    expect(await pay('b', 'p-2')).toBe(true);
  });

  test('what is no transaction is refused before anything is written: a pool, a client in none, and a library itself', async () => {
    const client = await pool.connect();
    const refused = { code: 'INVALID_OPTIONS', message: expect.stringMatching(/transaction.*roll/) };
    const job = { text: 'by itself' };
    // @ts-expect-error a pool is no transaction
    await expect(outbox.enqueue(pool, greet, job)).rejects.toMatchObject(refused);
    // @ts-expect-error for an event's effect neither
    await expect(once(pool, 'mail', { id: 'e' }, () => undefined)).rejects.toMatchObject(refused);
    // @ts-expect-error nor for any other
    await expect(onceInTransaction(pool, 'mail', 'k', () => undefined)).rejects.toMatchObject(refused);
    await expect(outbox.publish(Object(pool), met(job))).rejects.toMatchObject(refused);
    await expect(outbox.enqueue(client, greet, job)).rejects.toMatchObject(refused);
    await expect(onceInTransaction(client, 'mail', 'k', () => undefined)).rejects.toMatchObject(refused);
    // @ts-expect-error Knex itself
    expect(() => fromKnex(knex)).toThrow(expect.objectContaining(refused));
    // @ts-expect-error the database itself
    expect(() => fromDrizzle(drizzle(pool), sql)).toThrow(expect.objectContaining(refused));
    expect(() => fromPrisma(Object(prisma.client))).toThrow(expect.objectContaining(refused));
    for (const nothing of [undefined, null, 'tx', {}])
      await expect(outbox.enqueue(nothing as never, greet, job)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await kept('by itself')).toBe(0);
    client.release();
  });

  test('a client whose begin nobody has awaited is in a transaction, and one whose transaction has failed says so itself', async () => {
    const client = await pool.connect();
    const begun = client.query('begin');
    await outbox.enqueue(client, greet, { text: 'on its way' });
    await begun;
    await client.query('rollback');
    expect(await kept('on its way')).toBe(0);
    await client.query('begin');
    await client.query('select 1 / 0').catch(() => undefined);
    await expect(outbox.enqueue(client, greet, { text: 'late' })).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    client.release();
  });
});
