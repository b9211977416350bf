import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../tests/support/engines.ts';
import { awaitSchema } from './await-schema.ts';
import { migrateSchema } from './migrate-schema.ts';
import { readSchemaStanding } from './read-standing.ts';
import type { Migration, SchemaPart } from './schema-part.ts';

const TABLE: Migration = { name: 'parcels', up: 'create table if not exists parcel (id text primary key)' };
const COLUMN: Migration = {
  name: 'weights',
  up: "alter table parcel add column weight int not null default 0; insert into parcel values ('added once', 1)",
};
const part = (schema: string, ...migrations: readonly Migration[]): SchemaPart => ({
  part: 'parcels',
  schema,
  migrations,
});

let pool: Pool;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await freshDatabase();
  drop = () => database.drop();
  pool = new Pool({ connectionString: database.url, max: 8 });
});
afterAll(async () => {
  await pool.end();
  await drop();
});

describe('migrateSchema', () => {
  test('runs what is missing, in order and once, and says what it did', async () => {
    expect(await migrateSchema(pool, part('one', TABLE))).toMatchObject({ from: 0, to: 1, applied: ['parcels'] });
    expect(await migrateSchema(pool, part('one', TABLE, COLUMN))).toMatchObject({
      from: 1,
      to: 2,
      applied: ['weights'],
    });
    expect(await migrateSchema(pool, part('one', TABLE, COLUMN))).toMatchObject({ from: 2, to: 2, applied: [] });
    const { rows } = await pool.query('select id, weight from one.parcel');
    expect(rows).toEqual([{ id: 'added once', weight: 1 }]);
  });

  test('takes over what an earlier release made by hand, with its rows', async () => {
    await pool.query(
      "create schema two; create table two.parcel (id text primary key); insert into two.parcel values ('old')",
    );
    await migrateSchema(pool, part('two', TABLE, COLUMN));
    const { rows } = await pool.query('select id, weight from two.parcel order by id');
    expect(rows).toEqual([
      { id: 'added once', weight: 1 },
      { id: 'old', weight: 0 },
    ]);
  });

  test('eight at once run each step once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => migrateSchema(pool, part('three', TABLE, COLUMN))));
    const { rows } = await pool.query('select count(*)::int as rows from three.parcel');
    expect(rows).toEqual([{ rows: 1 }]);
  });

  test('a step that fails leaves nothing of its run behind', async () => {
    const broken = part('four', TABLE, { name: 'broken', up: 'alter table parcel add column weight no_such_type' });
    await expect(migrateSchema(pool, broken)).rejects.toThrow('no_such_type');
    expect(await readSchemaStanding(pool, broken)).toMatchObject({ found: 0, missing: ['parcels', 'broken'] });
    await migrateSchema(pool, part('four', TABLE, COLUMN));
  });

  test('without a schema of its own it stands in the first of the search path', async () => {
    await migrateSchema(pool, { part: 'own', migrations: [TABLE] });
    expect(await readSchemaStanding(pool, { part: 'own', migrations: [TABLE, COLUMN] })).toEqual({
      part: 'own',
      found: 1,
      newest: 2,
      missing: ['weights'],
    });
  });

  test('a database that is ahead of the code is not behind', async () => {
    await migrateSchema(pool, part('five', TABLE, COLUMN));
    expect(await readSchemaStanding(pool, part('five', TABLE))).toMatchObject({ found: 2, newest: 1, missing: [] });
  });
});

describe('awaitSchema', () => {
  test('says once what is missing and what to do, and goes on when it is there', async () => {
    const said: string[] = [];
    const waiting = awaitSchema(pool, part('six', TABLE), {
      onOutdated: ({ message }) => {
        said.push(message);
        void migrateSchema(pool, part('six', TABLE));
      },
      signal: new AbortController().signal,
    });
    await waiting;
    expect(said).toEqual([
      'Expected the tables of parcels at migration 1, found none (missing: parcels). Run "shiftwork migrate".',
    ]);
  });

  test('a stop ends the wait', async () => {
    const stop = new AbortController();
    await awaitSchema(pool, part('seven', TABLE), { onOutdated: () => stop.abort(), signal: stop.signal });
    expect(stop.signal.aborted).toBe(true);
  });
});
