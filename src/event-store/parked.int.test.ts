import { afterEach, beforeEach, expect, test } from 'vitest';
import { counted, openStore, type StoreOfTest } from '../../tests/support/event-store.ts';
import { defineProjection } from './projection.ts';
import { Projections } from './projections.ts';

let place: StoreOfTest;
beforeEach(async () => {
  place = await openStore();
});
afterEach(() => place.close());

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
  const projections = new Projections({ store: place.store, projections: [projection], pollEvery: 50 });
  await projections.prepare();
  projections.start();
  const { position } = await place.store.append('a', [counted({ by: 1 })], { expectedVersion: 0 });
  await projections.waitFor('strict', position);
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
