import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { counted, openStore, type StoreOfTest, tablesOf } from '../../../tests/support/event-store.ts';
import { PATIENCE_MS } from '../../../tests/support/wait-for.ts';
import { personalData } from '../privacy/personal-data.ts';
import { defineProjection } from '../project/projection.ts';
import { Projections } from '../project/projections.ts';

let fixture: StoreOfTest;
beforeEach(async () => {
  fixture = await openStore();
});
afterEach(() => fixture.close());

test('a retry of dead letters during an outage says that, and leaves them as they were', async () => {
  let reason = new Error('it does not fit');
  const projection = defineProjection({
    name: 'strict',
    shape: 1,
    events: [counted],
    tables: 'create table nothing (id int)',
    onPoison: 'park',
    attempts: 1,
    async project() {
      throw reason;
    },
  });
  const projections = new Projections({ store: fixture.store, projections: [projection], pollEvery: 50 });
  await projections.prepare();
  projections.start();
  const { position } = await fixture.store.append('a', [counted({ by: 1 })], { expectedVersion: 0 });
  await projections.waitFor('strict', position, PATIENCE_MS);
  await projections.stop();
  const letters = await projections.parked('strict');
  expect(letters).toMatchObject([{ error: 'it does not fit' }]);
  reason = Object.assign(new Error('the server is going down'), { code: '57P01' });
  await expect(projections.retryParked('strict')).rejects.toThrow('the server is going down');
  expect(await projections.parked('strict')).toEqual(letters);
  reason = new Error('it still does not fit');
  expect(await projections.retryParked('strict')).toEqual({ done: 0, left: 1 });
  expect(await projections.parked('strict')).toMatchObject([{ error: 'it still does not fit' }]);
});

test('a retry is refused where the tables are of another shape than the handler, which would write into them', async () => {
  const of = (shape: number, project: () => Promise<void>) => {
    const changes = { shape, project, events: [counted], attempts: 1, onPoison: 'park' } as const;
    const projection = defineProjection({ name: 'strict', tables: 'create table nothing (id int)', ...changes });
    return new Projections({ store: fixture.store, projections: [projection], pollEvery: 50 });
  };
  const first = of(1, () => Promise.reject(new Error('it does not fit')));
  await first.prepare();
  first.start();
  const { position } = await fixture.store.append('a', [counted({ by: 1 })], { expectedVersion: 0 });
  await first.waitFor('strict', position, PATIENCE_MS);
  await first.stop();
  const second = of(2, () => Promise.resolve());
  await expect(second.retryParked('strict')).rejects.toThrow('found those of shape 1');
  expect(await second.parked('strict', Infinity)).toMatchObject([{ position, error: 'it does not fit' }]);
  await expect(second.parked('strict', Number.NaN)).rejects.toThrow(InvalidOptionsError);
});

test.each(['park', 'stop'] as const)(
  'what a projection fails with (%s) is kept and stated without sensitive values and personal data',
  async onPoison => {
    const joined = defineEvent('member.joined', {
      schema: z.object({ id: z.string(), name: z.string(), card: z.string() }),
      sensitive: ['card'],
    });
    const personal = personalData(joined, { subject: ({ id }) => id, erased: { name: 'somebody' } });
    const own = await openStore({ events: [joined], personalData: [personal] });
    try {
      const heard: unknown[] = [];
      for (const name of ['projection.retried', 'projection.parked', 'projection.stopped'] as const) {
        own.facts.on(name, ({ fields: { error } }) => heard.push(error.message, error.stack, error.cause));
      }
      const projection = defineProjection({
        name: 'members',
        shape: 1,
        events: [joined],
        tables: 'create table nothing (id int)',
        onPoison,
        attempts: 2,
        async project(events) {
          const said = JSON.stringify(events.map(({ payload }) => payload));
          throw new Error(`${said} does not fit`, { cause: new Error(said) });
        },
      });
      const projections = new Projections({ store: own.store, projections: [projection], pollEvery: 50 });
      await projections.prepare();
      const ended = own.facts.next(onPoison === 'park' ? 'projection.parked' : 'projection.stopped');
      projections.start();
      await own.store.append('a', [joined({ id: 'm1', name: 'Ada Lovelace', card: '4111-1111' })], {
        expectedVersion: 0,
      });
      await ended;
      await projections.stop();
      await projections.retryParked('members');
      const { rows } = await own.pool.query(
        `select (select json_agg(p) from ${tablesOf(own.store).parked} p)::text as parked,
           (select json_agg(p) from ${tablesOf(own.store).projection} p)::text as projection`,
      );
      const kept = JSON.stringify([heard, rows, await projections.status(), await projections.parked('members')]);
      expect(kept).toContain('does not fit');
      expect(kept).not.toMatch(/Lovelace|4111/);
    } finally {
      await own.close();
    }
  },
);
