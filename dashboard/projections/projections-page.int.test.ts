import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProjectionStatus } from '../../src/event-store/index.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';

const accounts: ProjectionStatus = {
  name: 'accounts',
  shape: 1,
  needsRebuild: true,
  position: 41,
  owner: undefined,
  lagEvents: 7,
  lagMs: 90_000,
  parked: 1,
  stoppedAt: 42,
  stoppedBecause: '<img src=x onerror="window.bombed=1">',
  rebuilding: undefined,
};
let fixture: EngineFixture;
let dashboard: TestDashboard;
const store = { away: false };

beforeAll(async () => {
  const [engine] = engineCases;
  if (engine === undefined) throw new Error('There is no engine.');
  fixture = await engine.open();
  dashboard = await openTestDashboard({
    fixture,
    projections: {
      async status() {
        if (store.away) throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
        return [accounts];
      },
      parked: async projection => [
        { projection, position: 40, stream: 'account-9', error: 'below zero', parkedAt: new Date(0) },
      ],
    },
  });
});
afterAll(async () => {
  await dashboard.close();
  await fixture.cleanup();
});

const look = async (path: string, name = 'viewer') =>
  dashboard.send(path, { headers: { cookie: await dashboard.cookieOf(name), accept: 'text/html' } });

describe('the page of the projections', () => {
  test('says how far they are, which stand still and why, and what was set aside; as text', async () => {
    const page = await (await look('/projections')).text();
    for (const part of [
      'accounts',
      'stands still at position 42',
      'projections rebuild accounts',
      'account-9',
      'below zero',
      'nobody',
    ]) {
      expect(page).toContain(part);
    }
    expect(page).not.toContain('<img src=x');
    expect(await (await look('/')).text()).toContain('href="/projections"');
  });

  test('is for those who have signed in', async () => {
    expect((await dashboard.send('/projections')).status).not.toBe(200);
  });

  test('says that the event store is away, and not where it is', async () => {
    store.away = true;
    const answer = await look('/projections');
    store.away = false;
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('10.0.0.7');
  });
});
