import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, type TestBrowser } from '../../tests/support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace, type EngineFixture } from '../../tests/support/engines.ts';
import { monitorRedis } from '../../tests/support/redis-monitor.ts';
import { startRedis, type RedisServer } from '../../tests/support/redis-server.ts';
import { PASSWORD } from '../../tests/support/sample-users.ts';
import { readStream } from '../../tests/support/served-api.ts';
import { PATIENT, waitFor } from '../../tests/support/wait-for.ts';
import { LOOK_EVERY_MS } from '../../src/standing/index.ts';

const BASE = '/ops';
const SOON = { lookMs: 1_000, askAgainMs: 1_000 };
let server: RedisServer;
let fixture: EngineFixture;
let dashboard: TestDashboard;
let browser: TestBrowser;

beforeAll(async () => {
  // Its own: now and then a look goes through all keys of the server to find its queues, and other tests have a hundred thousand in theirs.
  server = await startRedis();
  fixture = { url: server.url, namespace: namespace(), cleanup: () => server.stop() };
  [dashboard, browser] = await Promise.all([openTestDashboard({ fixture, basePath: BASE, pace: SOON }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await dashboard.close();
  await fixture.cleanup();
});

/** A page of the overview, and how often it began and ended to follow. */
async function tab(): Promise<{ page: Page; begun: () => number; ended: () => number; complaints: string[] }> {
  const page = await browser.page();
  const complaints: string[] = [];
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(error.message));
  let [begun, ended] = [0, 0];
  const isLive = (url: string): boolean => new URL(url).pathname === `${BASE}/live`;
  page.on('request', request => isLive(request.url()) && (begun += 1));
  page.on('requestfailed', request => isLive(request.url()) && (ended += 1));
  page.on('requestfinished', request => isLive(request.url()) && (ended += 1));
  await page.goto(`${dashboard.url}${BASE}/`);
  await page.fill('[name=name]', 'viewer');
  await page.fill('[name=password]', PASSWORD);
  await page.click('main button');
  await page.waitForURL(`${dashboard.url}${BASE}/`);
  await waitFor('the page to follow', () => begun === 1);
  return { page, begun: () => begun, ended: () => ended, complaints };
}

/** As the browser says it when another tab or window is in front. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
  );
}

const waiting = (page: Page): Promise<string> =>
  page
    .getByRole('row', { name: /^email/ })
    .locator('[data-label=Delayed]')
    .innerText();

test('two tabs are sent what happens without asking; a hidden one follows nothing, and what it missed is there when it is seen again', async () => {
  const [one, two] = [await tab(), await tab()];
  const asked: string[] = [];
  one.page.on('request', request => asked.push(request.url()));
  const queue = await dashboard.queue('email');
  await queue.add('reset', {}, { delay: 3_600_000 });
  for (const { page } of [one, two]) await expect.poll(() => waiting(page), PATIENT).toBe('1');
  expect(asked).toEqual([]);

  await hide(one.page, true);
  await waitFor('the hidden tab to leave', () => one.ended() === 1);
  await queue.add('reset', {}, { delay: 3_600_000 });
  await expect.poll(() => waiting(two.page), PATIENT).toBe('2');
  expect([await waiting(one.page), one.begun()]).toEqual(['1', 1]);
  await hide(one.page, false);
  await expect.poll(() => waiting(one.page), PATIENT).toBe('2');
  expect([one.begun(), two.begun(), two.ended()]).toEqual([2, 1, 0]);

  // Its session ends, and with it what the page may see.
  const cookies = (await two.page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  const headers = { origin: dashboard.url, cookie: cookies, 'content-type': 'application/json' };
  await dashboard.send(`${BASE}/sign-out`, { method: 'POST', headers, body: '{}' });
  await two.page.waitForURL(/sign-in/);
  expect(one.complaints).toEqual([]);
});

test('ten tabs of three people cost the engine fewer commands than two looks would, and fewer than five a second', async () => {
  const cookie = await dashboard.cookieOf('viewer');
  const others = await Promise.all(['operator', 'admin'].map(name => dashboard.cookieOf(name)));
  const first = await readStream(`${dashboard.url}${BASE}/live`, { cookie });
  // What has changed since the look before comes in pieces, with one of these behind them.
  const looksIn = ({ events }: typeof first): number => events.filter(({ name }) => name === 'look').length;
  const looksOf = async (count: number): Promise<number> => {
    const begun = looksIn(first);
    const monitor = await monitorRedis(fixture.url);
    await waitFor('looks', () => looksIn(first) >= begun + count);
    await monitor.stop();
    return monitor.sentWith(fixture.namespace) / count;
  };
  await waitFor('a look', () => looksIn(first) >= 2);
  const alone = await looksOf(2);
  const more = await Promise.all(
    Array.from({ length: 9 }, (_, nth) =>
      readStream(`${dashboard.url}${BASE}/live`, { cookie: [cookie, ...others][nth % 3] ?? '' }),
    ),
  );
  await waitFor('all to be shown something', () => more.every(stream => looksIn(stream) >= 2));
  const together = await looksOf(2);
  // Beside these it asks INFO and for a list of clients.
  expect(together).toBeLessThanOrEqual((5 * LOOK_EVERY_MS) / 1_000 - 3);
  // What is read more seldom than at each look falls into one of the two or not.
  expect(together).toBeLessThan(2 * alone);
  for (const stream of [first, ...more]) stream.leave();
});
