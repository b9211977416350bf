import { Pool } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../contracts/index.ts';
import { EventStoreMissingError } from '../schema/event-store-missing-error.ts';
import { ProjectionFailedError } from '../park/projection-failed-error.ts';
import { counted, openStore, type StoreOfTest, tablesOf } from '../../../tests/support/event-store.ts';
import { PATIENCE_MS } from '../../../tests/support/wait-for.ts';
import { EventStore } from '../event-store.ts';
import { personalData } from '../privacy/personal-data.ts';
import { defineProjection, type ProjectionDefinition } from '../project/projection.ts';
import { Projections } from '../project/projections.ts';
import { migrateEventStore } from '../schema/tables.ts';

const painted = defineEvent('counter.painted', { schema: z.object({ owner: z.string(), by: z.string() }) });
const encrypted = personalData(painted, { subject: ({ owner }) => owner, erased: { by: 'nobody' } });

let fixture: StoreOfTest;
beforeEach(async () => {
  fixture = await openStore({ events: [counted, painted], personalData: [encrypted] });
});
afterEach(() => fixture.close());

/** Its table holds the positions that it was given. */
function seen(changes: Partial<ProjectionDefinition> = {}) {
  return defineProjection({
    name: 'seen',
    shape: 1,
    events: [counted],
    tables: 'create table seen (position int not null)',
    attempts: 1,
    async project(events, tx) {
      for (const { position } of events) await tx.query('insert into seen values ($1)', [position]);
    },
    ...changes,
  });
}
const of = (projection = seen(), store = fixture.store) => new Projections({ store, projections: [projection] });
const add = async (stream: string, count = 1): Promise<number> => {
  const events = Array.from({ length: count }, () => counted({ by: 1 }));
  return (await fixture.store.append(stream, events, { expectedVersion: 'any' })).position;
};
const positions = async (): Promise<number[]> => {
  const { rows } = await fixture.pool.query<{ position: number }>(
    'select position from read_seen.seen order by position',
  );
  return rows.map(({ position }) => position);
};

/** The tasks of the store on a single connection: one that asks for another while it holds that waits for ever. */
async function onOneConnection(act: (store: EventStore) => Promise<void>): Promise<void> {
  const pool = new Pool({ connectionString: fixture.url, max: 1 });
  try {
    await act(new EventStore({ pool, events: [counted, painted], personalData: [encrypted] }));
  } finally {
    await pool.end();
  }
}

test('a rebuild takes one connection, also for the keys of what is encrypted: none could be free, and nothing would end the wait', () =>
  onOneConnection(async store => {
    await fixture.store.append('a', [painted({ owner: 'ada', by: 'Ada' })], { expectedVersion: 0 });
    const projections = of(seen({ events: [counted, painted] }), store);
    await projections.prepare();
    expect(await projections.rebuild('seen')).toMatchObject({ finished: true, events: 1 });
    expect(await positions()).toEqual([1]);
  }));

test('a retry of parked events takes one connection, also for the keys of what is encrypted', () =>
  onOneConnection(async store => {
    const { position } = await fixture.store.append('a', [painted({ owner: 'ada', by: 'Ada' })], {
      expectedVersion: 0,
    });
    const failing = of(
      seen({ events: [painted], onPoison: 'park', project: () => Promise.reject(new Error('it does not fit')) }),
    );
    await failing.prepare();
    failing.start();
    await failing.waitFor('seen', position, PATIENCE_MS);
    await failing.stop();
    const mended = of(seen({ events: [painted], onPoison: 'park' }), store);
    expect(await mended.retryParked('seen')).toEqual({ done: 1, left: 0 });
  }));

test('a rebuild stands still at an event that no contract knows where the projection says so, and states it elsewhere', async () => {
  await add('a');
  const { position } = await fixture.store.append('a', [painted({ owner: 'ada', by: 'Ada' })], { expectedVersion: 1 });
  await add('a');
  const older = new EventStore({ pool: fixture.pool, events: [counted], facts: fixture.facts });
  const strict = of(seen({ onUnknown: 'stop' }), older);
  await strict.prepare();
  const refused = strict.rebuild('seen');
  await expect(refused).rejects.toThrow(ProjectionFailedError);
  await expect(refused).rejects.toThrow(`position ${position}`);
  expect(await strict.status()).toMatchObject([{ position: 0 }]);
  const unhandled = fixture.facts.next('projection.unhandled');
  expect(await of(seen(), older).rebuild('seen')).toMatchObject({ finished: true });
  expect(await unhandled).toMatchObject({ projection: 'seen', generation: 'next', position });
  expect(await positions()).toEqual([1, 3]);
});

test('a rebuild of another shape begins without the dead letters of one that was given up', async () => {
  await add('bad');
  await add('good', 600);
  await of().prepare();
  const failing = seen({
    shape: 2,
    onPoison: 'park',
    async project(events) {
      if (events.some(({ stream }) => stream === 'bad')) throw new Error('a bug of this shape');
    },
  });
  const stop = new AbortController();
  const given = await new Projections({ store: fixture.store, projections: [failing], batchSize: 100 }).rebuild(
    'seen',
    {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    },
  );
  expect(given).toMatchObject({ finished: false });
  const mended = of(seen({ shape: 3, onPoison: 'park' }));
  expect(await mended.rebuild('seen')).toMatchObject({ finished: true, events: 601 });
  expect(await positions()).toHaveLength(601);
  expect(await mended.parked('seen')).toEqual([]);
});

test('a projection that starts now is rebuilt from where it began, also in a database of an older release that was migrated', async () => {
  const { projection, schema } = tablesOf(fixture.store);
  await fixture.pool.query(
    `alter table ${projection} drop column begins_at; drop table "${schema}".shiftwork_migration`,
  );
  await expect(of().rebuild('seen')).rejects.toThrow(EventStoreMissingError);
  await migrateEventStore(fixture.pool);
  await add('a', 2);
  const projections = of(seen({ startAt: 'now' }));
  await projections.prepare();
  await add('a', 2);
  for (let n = 0; n < 2; n += 1) {
    await projections.rebuild('seen');
    expect(await positions()).toEqual([3, 4]);
  }
});

test('options with which projections would step over events or never pause are refused', () => {
  const make = (options: object) => () => new Projections({ store: fixture.store, projections: [seen()], ...options });
  for (const batchSize of [0, -1, 1.5, Number.NaN]) expect(make({ batchSize })).toThrow('batchSize');
  for (const name of ['lease', 'pollEvery', 'lagEvery']) expect(make({ [name]: 0 })).toThrow(name);
});
