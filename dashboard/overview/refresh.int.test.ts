import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, type TestBrowser } from '../../tests/support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace } from '../../tests/support/engines.ts';
import { startRedis, type RedisServer } from '../../tests/support/redis-server.ts';
import { PATIENT, waitFor } from '../../tests/support/wait-for.ts';

let server: RedisServer;
let dashboard: TestDashboard;
let browser: TestBrowser;

beforeAll(async () => {
  // Its own: what looks for all queues of a server goes through the keys of all tests on it.
  server = await startRedis();
  const fixture = { url: server.url, namespace: namespace(), cleanup: () => server.stop() };
  [dashboard, browser] = await Promise.all([
    openTestDashboard({ fixture, users: false, pace: { lookMs: 600, askAgainMs: 5_000 } }),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await dashboard.close();
  await server.stop();
});

test('what is unfolded stays so over a renewing, and the focus stays at the line that folds it, and at a table in it', async () => {
  const page = await browser.page();
  await page.goto(dashboard.url);
  const renewed = async (): Promise<void> => {
    await page.evaluate("document.querySelector('h1').textContent = 'Old'");
    await expect.poll(() => page.locator('h1').innerText(), PATIENT).toBe('Overview');
  };
  const summary = page.locator('summary', { hasText: 'What the queues take' });
  await summary.focus();
  await page.keyboard.press('Enter');
  await renewed();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
  await page.getByRole('region', { name: 'What the queues take' }).focus();
  await renewed();
  expect(await page.evaluate("document.activeElement.closest('details')?.open")).toBe(true);
});

test('a stream that ends is asked for anew, and only one that breaks off has the page say that the dashboard does not answer', async () => {
  const page = await browser.page();
  let [asked, breaks] = [0, false];
  await page.route('**/live*', route => {
    asked += 1;
    if (breaks) return route.abort();
    return route.fulfill({ contentType: 'text/event-stream', body: 'event: end\ndata: {"reason":"time"}\n\n' });
  });
  await page.goto(dashboard.url);
  const age = () => page.locator('[data-age]').innerText();
  await waitFor('the page to come again', () => asked >= 3);
  // What it says stays until it is sent how things stand, which nobody does.
  expect(await age()).toMatch(/^Queues on Redis\./);
  breaks = true;
  await expect.poll(age, PATIENT).toContain('does not answer');
});

test('a click in a table does not end the renewing of the page, and a link that has the focus does', async () => {
  const page = await browser.page();
  await page.goto(dashboard.url);
  const row = page.getByRole('row', { name: /^analytics/ });
  const delayed = () => row.locator('[data-label=Delayed]').innerText();
  await row.locator('[data-label=Held]').click();
  expect(await page.evaluate('document.activeElement.className')).toContain('scroll');
  const queue = await dashboard.queue('analytics');
  await queue.add('visit', { page: '/x' }, { delay: 3_600_000 });
  await expect.poll(delayed, PATIENT).toBe('1');
  expect(await page.evaluate('document.activeElement.className')).toContain('scroll');

  await row.getByRole('link').first().focus();
  await queue.add('visit', { page: '/y' }, { delay: 3_600_000 });
  // What is sent to this third time has been sent to the page before, with the second job in it.
  await page.evaluate(`new Promise(resolve => {
    let looks = 0;
    const source = new EventSource(document.querySelector('main').dataset.follow);
    source.addEventListener('look', () => {
      looks += 1;
      if (looks === 3) resolve(source.close());
    });
  })`);
  expect(await delayed()).toBe('1');
  await page.evaluate('document.activeElement.blur()');
  await expect.poll(delayed, PATIENT).toBe('2');
});

test('keys walk the rows, also those of a table in a row, open one, find, and go to another page; in a field they are letters', async () => {
  const page = await browser.page();
  await page.goto(dashboard.url);
  const focused = () => page.evaluate('document.activeElement.innerText');
  await page.locator('summary', { hasText: '1 contract of email' }).click();
  const walked: unknown[] = [];
  for (const key of ['j', 'j', 'j', 'k', 'k']) {
    await page.keyboard.press(key);
    walked.push(await focused());
  }
  expect(walked).toEqual(['letter', 'analytics', '1 contract of analytics', 'analytics', 'letter']);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${dashboard.url}/jobs?contract=letter`);
  await page.keyboard.press('/');
  expect(await page.evaluate("document.activeElement.matches('[role=search] input')")).toBe(true);
  await page.keyboard.type('go');
  expect(await page.evaluate('document.activeElement.value')).toMatch(/go$/);
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await page.waitForURL(`${dashboard.url}/`);
  await page.keyboard.press('/');
  await page.waitForURL(`${dashboard.url}/jobs`);
});
