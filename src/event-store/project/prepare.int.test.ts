import { afterEach, beforeEach, expect, test } from 'vitest';
import { counted, openStore, type StoreOfTest } from '../../../tests/support/event-store.ts';
import { InvalidConfigError } from '../../config/index.ts';
import { EventStore } from '../event-store.ts';
import { defineProjection } from './projection.ts';
import { Projections } from './projections.ts';
import { migrateEventStore } from '../schema/tables.ts';

let fixture: StoreOfTest;
beforeEach(async () => {
  fixture = await openStore();
});
afterEach(() => fixture.close());

function projectionsOf(store: EventStore, name: string, table: string): Projections {
  const projection = defineProjection({
    name,
    shape: 1,
    events: [counted],
    tables: `create table ${table} (id int)`,
    project: () => Promise.resolve(),
  });
  return new Projections({ store, projections: [projection] });
}

test('a projection is refused where its schema is that of another installation, whose tables a rebuild would replace', async () => {
  await migrateEventStore(fixture.pool, 'eu');
  const other = new EventStore({ pool: fixture.pool, events: [counted], namespace: 'eu' });
  await projectionsOf(fixture.store, 'totals_eu', 'one').prepare();
  const refused = projectionsOf(other, 'totals', 'two');
  await expect(refused.prepare()).rejects.toThrow(InvalidConfigError);
  await expect(refused.prepare()).rejects.toThrow('read_totals_eu');
  await expect(refused.rebuild('totals')).rejects.toThrow(InvalidConfigError);
  const { rows } = await fixture.pool.query(
    `select relname from pg_class where relnamespace = 'read_totals_eu'::regnamespace`,
  );
  expect(rows).toEqual([{ relname: 'one' }]);
});

test('names with which the schema of a rebuild would be the live one of another installation are refused', async () => {
  await expect(migrateEventStore(fixture.pool, 'x__next')).rejects.toThrow('single "_"');
  const ofNamespace = () => new EventStore({ pool: fixture.pool, events: [counted], namespace: 'x__next' });
  expect(ofNamespace).toThrow(InvalidConfigError);
  expect(() => projectionsOf(fixture.store, 'totals_', 'one')).toThrow('not ending with "_"');
});

test.each(['next', 'old'])(
  'a projection is refused where foreign tables are in the way of its rebuild (%s)',
  async generation => {
    const foreign = `read_totals__${generation}`;
    await fixture.pool.query(`create schema ${foreign}; create table ${foreign}.one (id int)`);
    await expect(projectionsOf(fixture.store, 'totals', 'one').prepare()).rejects.toThrow(foreign);
  },
);

test('a rebuild leaves tables alone that are not its own, and clears away what one has left that died after its swap', async () => {
  const projections = projectionsOf(fixture.store, 'totals', 'one');
  await projections.prepare();
  await fixture.pool.query('create schema read_totals__next; create table read_totals__next.one (id int)');
  await expect(projections.rebuild('totals')).rejects.toThrow('read_totals__next');
  await fixture.pool.query('select * from read_totals__next.one');
  await fixture.pool.query('alter schema read_totals__next rename to read_totals__old');
  expect(await projections.rebuild('totals')).toMatchObject({ finished: true });
});

test('a schema that was made before, with its grants, is used', async () => {
  await fixture.pool.query('create schema read_totals');
  expect(await projectionsOf(fixture.store, 'totals', 'one').prepare()).toEqual([]);
});
