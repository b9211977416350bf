import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProcess } from '../../../tests/support/child-process.ts';
import { program } from '../../../tests/support/programs.ts';
import { counted, openStore, sumsProjection, type StoreOfTest } from '../../../tests/support/event-store.ts';
import { PATIENCE_MS } from '../../../tests/support/wait-for.ts';
import { Projections } from '../project/projections.ts';

const REBUILDER = program('tests/faults/app/projector.ts');

let fixture: StoreOfTest;
beforeEach(async () => {
  fixture = await openStore();
});
afterEach(() => fixture.close());

test('a rebuild whose process is killed, between batches and in the swap, changes nothing that is live and is gone on with', async () => {
  const projections = new Projections({
    store: fixture.store,
    projections: [sumsProjection()],
    pollEvery: 20,
    lease: 300,
  });
  await projections.prepare();
  let head = 0;
  for (let n = 0; n < 5; n += 1) {
    const events = Array.from({ length: 100 }, (_, by) => counted({ by }));
    ({ position: head } = await fixture.store.append(`s${n}`, events, { expectedVersion: 0 }));
  }
  projections.start();
  await projections.waitFor('sums', head, PATIENCE_MS);
  const table = async () =>
    JSON.stringify((await fixture.pool.query('select * from read_sums.sum order by stream')).rows);
  const live = await table();
  const rebuild = async (env: Record<string, string>) => {
    const killed = startProcess(REBUILDER, { env: { DATABASE_URL: fixture.url, REBUILD: '1', ...env } });
    expect(await killed.ended).toBe('SIGKILL');
    expect(await table()).toBe(live);
    return (await projections.status())[0]?.rebuilding;
  };
  // Its batches are of 20 events: the checkpoint of the eighth was never sent.
  expect(await rebuild({ DIE_AT: '8' })).toBe(140);
  const beforeSwap = await rebuild({ DIE_ON: 'rename to "read_sums"' });
  expect(beforeSwap).toBeGreaterThan(140);
  // Those that were killed leave connections whose transactions the database ends itself.
  const { position } = await fixture.store.append('more', [counted({ by: 7 })], { expectedVersion: 0 });
  const rebuilt = await projections.rebuild('sums');
  expect(rebuilt).toMatchObject({ finished: true });
  expect(rebuilt.events).toBeLessThanOrEqual(501 - (beforeSwap ?? 0));
  await projections.waitFor('sums', position, PATIENCE_MS);
  await projections.stop();
  expect(JSON.parse(await table())).toEqual([
    { stream: 'more', total: 7, events: 1 },
    ...(JSON.parse(live) as unknown[]),
  ]);
});
