import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { counted, openStore, type StoreOfTest } from '../../../tests/support/event-store.ts';
import { PATIENT } from '../../../tests/support/wait-for.ts';
import { defineProjection, type Projection } from '../project/projection.ts';
import { Projections } from '../project/projections.ts';

let fixture: StoreOfTest;
beforeEach(async () => {
  fixture = await openStore();
});
afterEach(() => fixture.close());

function totals(before: () => Promise<void>): Projection {
  return defineProjection({
    name: 'totals',
    shape: 1,
    events: [counted],
    tables: 'create table total (events int not null)',
    async project(events, tx) {
      await before();
      await tx.query('insert into total values ($1)', [events.length]);
    },
  });
}

/** Two rebuilds of one projection; the second asks while the first has a batch under way. */
async function together(first: Projections, second: Projections, inBatch: Promise<void>, goOn: () => void) {
  const one = first.rebuild('totals');
  await inBatch;
  const two = second.rebuild('totals');
  await vi.waitFor(async () => {
    const { rows } = await fixture.pool.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    expect(rows).toHaveLength(1);
  }, PATIENT);
  goOn();
  return Promise.all([one, two]);
}

test.each(['two processes', 'one process'])(
  'a rebuild that waits for another in %s begins when that has taken its place',
  async where => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const projection = totals(() => {
      entered.resolve();
      return gate.promise;
    });
    const of = (value: Projection) => new Projections({ store: fixture.store, projections: [value], batchSize: 8 });
    const first = of(projection);
    const second = where === 'one process' ? first : of(totals(() => Promise.resolve()));
    await first.prepare();
    // So many batches that the first is still at it when the second asks for the lease.
    await fixture.store.append(
      'a',
      Array.from({ length: 600 }, () => counted({ by: 1 })),
      { expectedVersion: 0 },
    );
    const rebuilt = await together(first, second, entered.promise, () => gate.resolve());
    expect(rebuilt).toMatchObject([{ finished: true }, { finished: true, events: 600 }]);
    const { rows } = await fixture.pool.query('select sum(events)::int as events from read_totals.total');
    expect(rows).toEqual([{ events: 600 }]);
    expect(await first.status()).toMatchObject([{ position: 600, rebuilding: undefined }]);
  },
);
