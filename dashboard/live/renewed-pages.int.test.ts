import type { Page, Request } from 'playwright-core';
import { openEngine, type EngineJob } from '../../src/engine/index.ts';
import { stockWorker } from '../../tests/support/stock-worker.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, type TestBrowser } from '../../tests/support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace, type EngineFixture } from '../../tests/support/engines.ts';
import { monitorRedis } from '../../tests/support/redis-monitor.ts';
import { startRedis, type RedisServer } from '../../tests/support/redis-server.ts';
import { PATIENT, waitFor } from '../../tests/support/wait-for.ts';
import { RENEWS_HEADER } from './shared-looks.ts';

let server: RedisServer;
let fixture: EngineFixture;
const DATA = { to: 'a@x.example', body: 'b' };
let dashboard: TestDashboard;
let browser: TestBrowser;

beforeAll(async () => {
  // Its own: what looks for all queues of a server goes through the keys of all tests on it.
  server = await startRedis();
  fixture = { url: server.url, namespace: namespace(), cleanup: () => server.stop() };
  [dashboard, browser] = await Promise.all([openTestDashboard({ fixture, users: false }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await dashboard.close();
  await fixture.cleanup();
});

async function waitingJob(jobId: string): Promise<EngineJob> {
  const queue = await dashboard.queue('email');
  return queue.add('letter', DATA, { jobId, delay: 3_600_000, telemetry: { metadata: '{"v":1}' } });
}

/** Its time has come once more, or its tab is seen again. */
const AGAIN = "document.dispatchEvent(new Event('visibilitychange'))";
const renewed = async (page: Page): Promise<void> => {
  await page.evaluate(`document.querySelector('h1').dataset.old = 'yes'; ${AGAIN}`);
  await expect.poll(() => page.locator('h1').getAttribute('data-old'), PATIENT).toBeNull();
};
/** A page sends what it asks for in the order in which it asks: what is asked for behind its time is the first. */
const firstAsked = async (page: Page): Promise<string | undefined> => {
  const asked: string[] = [];
  const note = (request: Request): unknown => asked.push(new URL(request.url()).pathname);
  page.on('request', note);
  await page.evaluate(`${AGAIN}; fetch('/livez').then(() => undefined)`);
  await waitFor('a request', () => asked.length > 0);
  page.off('request', note);
  return asked[0];
};

test('the page of a job that has not ended follows it, keeps what somebody types, and asks no more once it has ended', async () => {
  const job = await waitingJob('email-live');
  const page = await browser.page();
  await page.goto(`${dashboard.url}/jobs/email%2Femail-live`);
  await page.getByText('delayed', { exact: true }).waitFor();
  await renewed(page);

  // The forms are there after it, and work.
  await page.getByLabel('Start in').fill('2h');
  await page.locator('h1').click();
  expect(await firstAsked(page)).toBe('/livez');
  expect(await page.getByLabel('Start in').inputValue()).toBe('2h');
  const other = await browser.page();
  await other.goto(`${dashboard.url}/jobs/email%2Femail-live`);
  await page.getByRole('button', { name: 'Change time' }).click();
  await expect.poll(() => page.getByLabel('Start in').inputValue(), PATIENT).toBe('');
  await expect.poll(() => other.locator('h1').innerText(), PATIENT).toMatch(/for (1 h 5\d min|2 h)/);

  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
  const worker = await stockWorker(engine, 'email', async () => 'sent', { name: 'here/1' });
  await job.promote();
  void worker.run();
  await other.getByText('succeeded', { exact: true }).first().waitFor();
  // What it asked for while the job ended may still be on its way.
  await expect.poll(() => firstAsked(other), PATIENT).toBe('/livez');
  await engine.close(1_000);
});

test('pages with buttons renew themselves as well', async () => {
  const page = await browser.page();
  for (const path of ['/workers', '/schedules', '/running']) {
    await page.goto(`${dashboard.url}${path}`);
    await renewed(page);
    expect([path, await page.locator('h1').getAttribute('data-old')]).toEqual([path, null]);
  }
});

test('pages that renew themselves cost one look, however many of them there are', async () => {
  const paths = ['/workers', '/running', '/schedules', '/jobs/email%2Femail-shared', '/dead-letters'];
  await waitingJob('email-shared');
  const send = async (path: string): Promise<number> => {
    const headers = { accept: 'text/html', [RENEWS_HEADER]: 'yes' };
    return (await dashboard.send(path, { headers })).status;
  };
  const begunAt = performance.now();
  for (const path of paths) await dashboard.send(path, { headers: { accept: 'text/html' } });
  const monitor = await monitorRedis(fixture.url);
  const answers = await Promise.all(Array.from({ length: 20 }, () => Promise.all(paths.map(send))));
  await monitor.stop();
  expect(new Set(answers.flat())).toEqual(new Set([200]));
  // Dead letters ask anew for what is done in the background. On a slow machine what was read has become old meanwhile.
  const looks = 1 + Math.floor((performance.now() - begunAt) / 4_000);
  expect(monitor.sentWith(fixture.namespace) / looks).toBeLessThan(60);
});
