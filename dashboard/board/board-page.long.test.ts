import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stockWorker } from '../../tests/support/stock-worker.ts';
import { openBrowser, type TestBrowser } from '../../tests/support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { PASSWORD } from '../../tests/support/sample-users.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine } from '../../src/engine/index.ts';

const BOMB = '<img src=x onerror="window.bombed=1"><script>window.bombed=1</script>';
/** As hosts in a cluster are called. */
const LONG_NAME = `shiftwork-worker-6d5f9c8b7d-${'x'.repeat(60)}/12345`;
const WIDER = `[...document.querySelectorAll('[class*="timeline-"] small')].filter(each => each.scrollWidth > each.clientWidth + 1).length`;
const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
let dashboard: TestDashboard;
let browser: TestBrowser;

beforeAll(async () => {
  [dashboard, browser] = await Promise.all([openTestDashboard({ fixture }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await dashboard.close();
});

/** A page that has signed in, and everything that its browser complained about since. */
async function signedIn(name: string, path: string): Promise<{ page: Page; complaints: string[]; hosts: Set<string> }> {
  const page = await browser.page();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', message => {
    // Warnings are of speed: on a busy machine the browser says that a preloaded file came too early.
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(error.message));
  page.on('request', request => hosts.add(new URL(request.url()).host));
  await page.goto(`${dashboard.url}${path}`);
  await page.fill('[name=name]', name);
  await page.fill('[name=password]', PASSWORD);
  await page.click('main button');
  await page.waitForURL(`${dashboard.url}${path}`);
  return { page, complaints, hosts };
}

test('after signing in Bull Board shows the three queues, asks no other host, and breaks no rule of its policy', async () => {
  const { page, complaints, hosts } = await signedIn('viewer', '/queues/');
  for (const name of ['email', 'analytics', 'notification'])
    await page.getByText(name, { exact: true }).first().waitFor();
  await page.goto(`${dashboard.url}/`);
  await page.getByRole('row', { name: /^email/ }).waitFor();
  expect(complaints).toEqual([]);
  expect([...hosts]).toEqual([new URL(dashboard.url).host]);
});

test('case 8: markup in name, data, log, error, stack and return value is shown as text and does nothing', async () => {
  const queue = await dashboard.queue('notification');
  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
  const worker = await stockWorker(
    engine,
    'notification',
    async job => {
      await job.log(BOMB);
      if (job.id === 'notification-done') return { said: BOMB };
      throw new Error(BOMB);
    },
    { name: LONG_NAME },
  );
  const telemetry = { metadata: '{"v":2}' };
  await queue.add('nudge', { text: BOMB }, { jobId: 'notification-failed', attempts: 1, telemetry });
  await queue.add('nudge', { text: BOMB }, { jobId: 'notification-done', telemetry });
  await queue.add(`bomb ${BOMB}`, {}, { jobId: 'notification-named', attempts: 1 });
  void worker.run();
  for (const id of ['failed', 'done', 'named']) {
    await waitFor(`job ${id} to end`, async () => (await queue.getJob(`notification-${id}`))?.finishedOn);
  }
  await engine.close(2_000);

  const { page, complaints } = await signedIn('admin', '/queues/queue/notification');
  for (const id of ['failed', 'done', 'named']) {
    await page.goto(`${dashboard.url}/queues/queue/notification/notification-${id}`);
    await page.getByRole('tab').first().waitFor();
    const seen: string[] = [];
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      await page.getByRole('tabpanel', { name: await tab.innerText() }).waitFor();
      seen.push(await page.locator('main').innerText());
    }
    expect(seen.join('\n')).toContain('onerror=');
    expect(seen.join('\n')).toContain(LONG_NAME);
    // It stays on its side of the line.
    expect(await page.evaluate(WIDER)).toBe(0);
    expect(await page.evaluate('window.bombed')).toBeUndefined();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  }
  expect(complaints).toEqual([]);
});

test('an operator pauses a queue on the page, is offered nothing that is refused, and finds the way back', async () => {
  const queue = await dashboard.queue('analytics');
  const { page, complaints } = await signedIn('operator', '/queues/queue/analytics');
  await page.locator('main').getByRole('button').last().click();
  await page.getByRole('menuitem', { name: 'Pause' }).waitFor();
  expect(await page.getByRole('menuitem', { name: 'Empty' }).count()).toBe(0);
  await page.getByRole('menuitem', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await waitFor('the queue to be paused', () => queue.isPaused());
  await page.getByRole('alertdialog').waitFor({ state: 'detached' });
  expect(await page.locator('.shiftwork-bar [aria-current=page]').allInnerTexts()).toEqual(['Queues']);
  await page.locator('.shiftwork-bar').getByRole('link', { name: 'Overview' }).click();
  await page.waitForURL(`${dashboard.url}/`);
  expect(complaints).toEqual([]);
});

test('the board says of states what the other pages say, and offers no replay of what is dead', async () => {
  const queue = await dashboard.queue('notification');
  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
  const fail = async (): Promise<never> => Promise.reject(new Error('no'));
  void (await stockWorker(engine, 'notification', fail, { name: 'w' })).run();
  await queue.add(
    'nudge',
    { text: 'x' },
    { jobId: 'notification-dead', attempts: 1, telemetry: { metadata: '{"v":2}' } },
  );
  await waitFor('the job to die', async () => (await queue.getJob('notification-dead'))?.finishedOn);
  await engine.close(2_000);
  const { page } = await signedIn('admin', '/queues/queue/notification?status=failed');
  await page.getByText('Died at').first().waitFor();
  const said = (await page.locator('main').innerText()).toLowerCase();
  for (const word of ['running', 'succeeded', 'dead', 'waiting for children']) expect(said).toContain(word);
  expect(said).not.toMatch(/^(active|completed|failed|prioritized)$/m);
  expect(await page.getByRole('button', { name: /^(Retry|Clean)/ }).count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Duplicate' }).count()).toBeGreaterThan(0);
});

test('a link from another site opens the page for whoever has signed in, and a form from there changes nothing', async () => {
  const { page } = await signedIn('admin', '/workers');
  const queue = await dashboard.queue('analytics');
  await queue.resume();
  const pause = `${dashboard.url}/queues/api/queues/analytics/pause`;
  const other = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<a href="${dashboard.url}/workers">alert</a><form method="post" action="${pause}"><button>x</button></form>`,
    );
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  try {
    const elsewhere = `http://localhost:${(other.address() as AddressInfo).port}/`;
    await page.goto(elsewhere);
    await page.click('a');
    await page.getByRole('heading', { name: 'Workers' }).waitFor();
    await page.goto(elsewhere);
    await page.click('button');
    await page.waitForURL(pause);
    expect(await page.content()).toContain('did not come from a page of this dashboard');
    expect(await queue.isPaused()).toBe(false);
  } finally {
    other.close();
  }
});

test('a viewer is offered no action', async () => {
  const { page } = await signedIn('viewer', '/queues/queue/email');
  await page.getByText('No latest jobs in this queue.').waitFor();
  // Jobs and workers are two questions to the server.
  await expect.poll(() => page.locator('main').getByRole('button').allInnerTexts()).toEqual(['No workers']);
});
