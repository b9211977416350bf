import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryCase } from '../../tests/support/memory-case.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import type { AppScaling } from '../../src/standing/index.ts';

const TOKEN = 'sixteen-characters-or-more';
let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openTestDashboard({ fixture: await memoryCase().open(), metricsToken: TOKEN });
});
afterAll(() => dashboard.close());

test('an autoscaler that shows the token gets the numbers at the paths that the guide names', async () => {
  const answer = await dashboard.send('/scaling', { headers: { authorization: `Bearer ${TOKEN}`, accept: '*/*' } });
  expect(answer.status).toBe(200);
  const { processes, queues } = (await answer.json()) as AppScaling;
  expect(processes).toBe(1);
  const [first] = Object.values(queues);
  expect(first).toMatchObject({ held: 0, startable: 0, processes: { needed: 1 }, boundBy: 'no runs yet' });
});

test('whoever shows another token, or none, has to sign in', async () => {
  for (const authorization of ['Bearer wrong-wrong-wrong-wrong', '']) {
    const answer = await dashboard.send('/scaling', { headers: { authorization, accept: 'application/json' } });
    expect(answer.status).toBe(401);
  }
});

test('people see a row for each queue and the sentence behind its number', async () => {
  const headers = { cookie: await dashboard.cookieOf('viewer'), accept: 'text/html' };
  const page = await (await dashboard.send('/scaling', { headers })).text();
  expect(page).toContain('<h1>Scaling</h1>');
  expect(page).toContain('nothing has run of late, so the number stays as it is');
});
