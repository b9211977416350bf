import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stockWorker } from '../../tests/support/stock-worker.ts';
import { openBrowser, type TestBrowser } from '../../tests/support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { PASSWORD } from '../../tests/support/sample-users.ts';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { cancelMarkOf } from '../../src/queue/index.ts';

const RUNNING = 'email-0mwtkts1d0001raf4nk6-abcdefghij';
const DELAYED = 'email-0mwtkts1d0002raf4nk6-abcdefghij';
/** Each of these is cancelled by one test. */
const UNWANTED = 'email-0mwtkts1d0003raf4nk6-abcdefghij';
const UNWANTED_LATER = 'email-0mwtkts1d0004raf4nk6-abcdefghij';
const SECRET = 'hunter2@example.com';

describe.each(engineCases)('running jobs on the dashboard, on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let dashboard: TestDashboard;
  let engine: Engine;
  const ending = Promise.withResolvers<void>();

  beforeAll(async () => {
    fixture = await open();
    dashboard = await openTestDashboard({ fixture });
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const queue = await engine.queue('email');
    const worker = await stockWorker(engine, 'email', () => ending.promise, { name: 'here/1', concurrency: 5 });
    void worker.run();
    const data = { to: SECRET, body: '<b>' };
    for (const jobId of [RUNNING, UNWANTED]) await queue.add('letter', data, { jobId });
    for (const jobId of [DELAYED, UNWANTED_LATER]) await queue.add('letter', data, { jobId, delay: 3_600_000 });
    await waitFor('the jobs to run', async () => (await queue.getActiveCount()) === 2);
  });
  afterAll(async () => {
    ending.resolve();
    await engine.close(2_000);
    await dashboard.close();
    await fixture.cleanup();
  });

  const get = async (path: string, name: string) =>
    (await dashboard.send(path, { headers: { cookie: await dashboard.cookieOf(name), accept: 'text/html' } })).text();
  const cancel = async (name: string, body: unknown, origin = dashboard.url) =>
    dashboard.send('/running/cancel', {
      method: 'POST',
      headers: { origin, cookie: await dashboard.cookieOf(name), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const markOf = async (id: string) => cancelMarkOf((await (await engine.queue('email')).getJob(id))?.progress);

  test('what runs is shown with its worker and without its data; a viewer has no button', async () => {
    const page = await get('/running', 'viewer');
    expect(page).toContain(RUNNING);
    expect(page).toContain('here/1');
    expect(page).not.toContain(DELAYED);
    expect(page).not.toContain(SECRET);
    expect(page).not.toContain('data-act=');
    expect(await get('/running', 'operator')).toContain('data-act=');
  });

  test('a job is found by its id in whatever state, and an unknown id is said to be unknown', async () => {
    expect(await get(`/running?job=${DELAYED}`, 'viewer')).toContain('delayed');
    expect(await get('/running?job=%3Cscript%3E', 'viewer')).toContain('No job has the id &lt;script&gt;');
  });

  test('viewers, other sites and people who have not signed in cancel nothing', async () => {
    const body = { ids: [RUNNING], dryRun: false, reason: 'no' };
    expect((await cancel('viewer', body)).status).toBe(403);
    expect((await cancel('operator', body, 'https://elsewhere.example')).status).toBe(403);
    const headers = { origin: dashboard.url, 'content-type': 'application/json' };
    const nobody = await dashboard.send('/running/cancel', { method: 'POST', headers, body: JSON.stringify(body) });
    expect(nobody.status).toBe(401);
    expect(await markOf(RUNNING)).toBeUndefined();
  });

  test('what is no such request is refused and changes nothing', async () => {
    const wrong: unknown[] = [
      {},
      { ids: [] },
      { ids: [RUNNING] },
      { ids: [RUNNING], dryRun: false },
      { ids: [1], dryRun: true },
    ];
    for (const body of wrong) expect((await cancel('operator', body)).status).toBe(400);
    expect(await markOf(RUNNING)).toBeUndefined();
  });

  test('a dry run changes nothing; then the running job is marked as cancelled, with who and why', async () => {
    expect(await (await cancel('operator', { ids: [UNWANTED, 'email-unknown'], dryRun: true })).json()).toEqual({
      matched: 2,
      done: 1,
      skipped: 1,
      why: 'no such job is known',
    });
    expect(await markOf(UNWANTED)).toBeUndefined();
    const done = await cancel('operator', { ids: [UNWANTED], dryRun: false, reason: 'sent by hand' });
    expect(await done.json()).toMatchObject({ done: 1, skipped: 0 });
    expect(await markOf(UNWANTED)).toEqual({ reason: 'sent by hand', by: 'operator' });
    expect(await get('/running', 'operator')).toContain('being cancelled');
  });

  test('in a browser an operator finds a waiting job by its id and cancels it', async () => {
    const browser: TestBrowser = await openBrowser();
    try {
      const page = await browser.page();
      await page.goto(`${dashboard.url}/running`);
      await page.fill('[name=name]', 'operator');
      await page.fill('[name=password]', PASSWORD);
      await page.click('main button');
      await page.getByRole('heading', { name: 'Running now' }).waitFor();
      await page.getByLabel('Any job by its id').fill(UNWANTED_LATER);
      await page.getByRole('button', { name: 'Look' }).click();
      page.once('dialog', dialog => void dialog.accept('not needed'));
      const card = page.locator('.card').first();
      await card.getByRole('button', { name: 'Cancel …' }).click();
      await card.getByRole('button', { name: 'Cancel 1 now' }).click();
      await card.getByText('1 done').waitFor();
      expect(await markOf(UNWANTED_LATER)).toEqual({ reason: 'not needed', by: 'operator' });
    } finally {
      await browser.close();
    }
  });
});
