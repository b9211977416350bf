import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDashboard, sampleApp, type TestDashboard } from '../../tests/support/dashboard.ts';
import { memoryCase } from '../../tests/support/memory-case.ts';
import { BulkTasks } from '../../src/bulk/index.ts';
import { DeadLetters } from '../../src/dead-letters/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { clientOn } from '../../src/queue/index.ts';

const { open } = memoryCase();
let dashboard: TestDashboard;
let tasks: BulkTasks;

beforeAll(async () => {
  const fixture = await open();
  dashboard = await openTestDashboard({ fixture });
  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
  const letters = new DeadLetters({ engine, app: sampleApp });
  tasks = new BulkTasks({
    engine,
    app: sampleApp,
    letters,
    client: clientOn(engine, new Facts()),
    onError: error => expect.fail(String(error)),
  });
});
afterAll(() => dashboard.close());

async function turn(name: string, id: string, verb: string): Promise<number> {
  const headers = {
    origin: dashboard.url,
    cookie: await dashboard.cookieOf(name),
    'content-type': 'application/json',
  };
  const body = JSON.stringify({ id, do: verb, dryRun: false });
  return (await dashboard.send('/dead-letters/tasks', { method: 'POST', headers, body })).status;
}

test.each([
  ['replay', 200, []],
  ['discard', 403, ['paused']],
] as const)('an operator holds up a %s; that it goes on is answered with %d', async (what, status, stays) => {
  const asked = { what, filter: { cause: 'x' }, by: 'ann', reason: 'old', perSecond: 1, total: 1 };
  const { id } = await tasks.begin(asked);
  // At once: the dashboard looks for tasks as well.
  expect(await tasks.turn(id, 'paused')).toBe(true);
  expect(await turn('viewer', id, 'pause')).toBe(403);
  expect(await turn('operator', id, 'pause')).toBe(200);
  expect(await turn('operator', id, 'resume')).toBe(status);
  const paused = (await tasks.list()).filter(each => each.id === id && each.state === 'paused');
  expect(paused.map(({ state }) => state)).toEqual(stays);
  expect(await turn('admin', id, 'resume')).toBe(200);
});
