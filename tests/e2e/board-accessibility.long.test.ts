import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../support/dashboard.ts';
import { namespace, redisUrl } from '../support/engines.ts';
import { seedLetters } from '../support/seed-letters.ts';

/** Bull Board's markup is not ours: what is wrong with it for people with a screen reader or weak eyes, our script and style mend. */
const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
const SCREENS = [
  [1_400, 'light'],
  [1_400, 'dark'],
  [390, 'dark'],
] as const;
const RUN = `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))`;
const AT_REST = `Promise.all(document.getAnimations()
  .filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity)
  .map(({ finished }) => finished.catch(() => undefined))).then(() => undefined)`;
const BEYOND = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
const MANY = 10_000;
const OF_THE_DEAD = ['/queues/queue/analytics?status=failed', '/queues/queue/analytics/seeded-000000'];
const OF_A_JOB = ['Update Data', 'Duplicate', 'Change priority'];
const OF_A_QUEUE = ['Add job', 'Empty', 'Obliterate', 'Set concurrency', 'Set rate limit'];
let dashboard: TestDashboard;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  [dashboard, browser] = await Promise.all([openTestDashboard({ fixture, users: false }), openBrowser()]);
  page = await browser.page();
  const queue = await dashboard.queue('email');
  await queue.add('reset', { a: null }, { jobId: 'email-one', priority: 20 });
  await seedLetters(fixture, 'analytics', MANY, index => ({
    name: 'track-event',
    data: '{"type":"page-view","properties":{"path":"/"}}',
    reason: `Error: the sink answered 500 to request ${index}`,
  }));
});
afterAll(async () => {
  await browser.close();
  await dashboard.close();
});

/** Once what slides in and fades has come to rest. */
async function faults(): Promise<unknown> {
  await page.evaluate(AT_REST);
  await page.evaluate(axe.source);
  return page.evaluate(RUN);
}

const openQueue = async (): Promise<void> => {
  await page.goto(`${dashboard.url}/queues/queue/email?status=prioritized`);
  await page.getByText('reset', { exact: true }).first().waitFor();
};

test("Bull Board's pages keep WCAG 2.2 AA under our bar, in both schemes and widths, with ten thousand dead jobs; none is wider than the screen", async () => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const [width, colorScheme] of SCREENS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.goto(`${dashboard.url}/queues/`);
    await page.getByText('analytics').first().waitFor();
    expect([width, colorScheme, 'home', await faults()]).toEqual([width, colorScheme, 'home', []]);
    expect([width, 'home', await page.evaluate(BEYOND)]).toEqual([width, 'home', 0]);
    await openQueue();
    expect([width, colorScheme, 'queue', await faults()]).toEqual([width, colorScheme, 'queue', []]);
    for (const path of OF_THE_DEAD) {
      await page.goto(`${dashboard.url}${path}`);
      await page.getByText('track-event').first().waitFor();
      expect([path, width, colorScheme, await faults()]).toEqual([path, width, colorScheme, []]);
      expect([path, width, await page.evaluate(BEYOND)]).toEqual([path, width, 0]);
    }
  }
});

test.each(['light', 'dark'] as const)(
  "Bull Board's dialogs and menus do so, each of them open: %s",
  async colorScheme => {
    await page.setViewportSize({ width: 1_400, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const name of OF_A_JOB) {
      await openQueue();
      await page.getByRole('button', { name }).first().click();
      await page.getByRole('dialog').or(page.getByRole('alertdialog')).first().waitFor();
      expect([name, await faults()]).toEqual([name, []]);
    }
    for (const name of OF_A_QUEUE) {
      await openQueue();
      await page.locator('#root main [aria-haspopup=menu], #root header [aria-haspopup=menu]').last().click();
      await page.getByRole('menuitem', { name }).waitFor();
      expect(['menu', await faults()]).toEqual(['menu', []]);
      await page.getByRole('menuitem', { name }).click();
      await page.getByRole('dialog').or(page.getByRole('alertdialog')).first().waitFor();
      expect([name, await faults()]).toEqual([name, []]);
    }
  },
);
