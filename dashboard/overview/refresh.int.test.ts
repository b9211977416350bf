import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, type TestBrowser } from '../../tests/support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';
import { PATIENT } from '../../tests/support/wait-for.ts';

const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
let dashboard: TestDashboard;
let browser: TestBrowser;

beforeAll(async () => {
  [dashboard, browser] = await Promise.all([openTestDashboard({ fixture, users: false }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await dashboard.close();
});

test('what is unfolded stays so over a renewing, and the focus stays at the line that folds it, and at a table in it', async () => {
  const page = await browser.page();
  await page.goto(dashboard.url);
  const comeBack = () => page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  const renewed = async (): Promise<void> => {
    await page.evaluate("document.querySelector('h1').textContent = 'Old'");
    await comeBack();
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

test('a click in a table does not end the renewing of the page, and a link that has the focus does', async () => {
  const page = await browser.page();
  await page.goto(dashboard.url);
  const row = page.getByRole('row', { name: /^analytics/ });
  const delayed = () => row.locator('[data-label=Delayed]').innerText();
  /** What the page does every few seconds, and at once when somebody comes back to it. */
  const comeBack = () => page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await row.locator('[data-label=Held]').click();
  expect(await page.evaluate('document.activeElement.className')).toContain('scroll');
  const queue = await dashboard.queue('analytics');
  await queue.add('visit', { page: '/x' }, { delay: 3_600_000 });
  await comeBack();
  await expect.poll(delayed, PATIENT).toBe('1');
  expect(await page.evaluate('document.activeElement.className')).toContain('scroll');

  await page.locator('tbody a').first().focus();
  const asked: string[] = [];
  page.on('request', request => asked.push(request.url()));
  await comeBack();
  // A round trip to the page that leaves the focus where it is.
  await page.evaluate('1');
  expect(asked).toEqual([]);
});
