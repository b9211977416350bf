import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { openTestDashboard, type TestDashboard } from '../support/dashboard.ts';
import { namespace, redisUrl } from '../support/engines.ts';
import { seedLetters } from '../support/seed-letters.ts';
import { openState } from '../../src/state/index.ts';
import { openEngine } from '../../src/engine/index.ts';

const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
const PAGES = [
  '/',
  '/dead-letters',
  '/dead-letters?cause=x',
  '/schedules',
  '/workers',
  '/jobs?contract=visit',
  '/jobs/seeded-000000',
  '/scaling',
  '/running',
  '/audit',
  '/nothing',
];
/** Each width and each scheme once: what is wrong with a colour is so in both widths. */
const SCREENS = [
  [1_400, 'light'],
  [390, 'dark'],
] as const;
let dashboard: TestDashboard;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  [dashboard, browser] = await Promise.all([openTestDashboard({ fixture, users: false }), openBrowser()]);
  page = await browser.page();
});
afterAll(async () => {
  await browser.close();
  await dashboard.close();
});

/** What axe finds against WCAG 2.2 AA, on two screens. */
async function faultsOf(path: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const [width, colorScheme] of SCREENS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.goto(`${dashboard.url}${path}`);
    // No script is let in by a page's own policy; the browser's own door is none of its.
    await page.evaluate(axe.source);
    const faults = await page.evaluate(
      `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
        .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target)))`,
    );
    for (const fault of Array.isArray(faults) ? faults : ['axe did not answer']) found.add(`${width} ${String(fault)}`);
    if ((await page.evaluate('document.documentElement.scrollWidth <= innerWidth')) !== true)
      found.add(`${width} too wide`);
  }
  return [...found];
}

test('every page keeps WCAG 2.2 AA and fits the screen, empty, with one row and with many, and with its dialog open', async () => {
  for (const path of [...PAGES, '/sign-in']) expect([path, await faultsOf(path)]).toEqual([path, []]);

  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
  const state = await openState(engine);
  for (const count of [1, 200]) {
    await seedLetters(fixture, 'analytics', count, index => ({
      name: 'visit',
      data: '{"page":"/x"}',
      reason: `cause ${'abcdefghij'.repeat(count === 1 ? 1 : 12)} ${String.fromCharCode(97 + (index % 20))}`,
    }));
    for (let host = 0; host < count; host += 30) {
      const name = `host-${host}`;
      const worker = { name: `${name}/1`, pid: 1, startedAt: 1, running: 3, slots: 20, memoryMb: 1_400, lagMs: 900 };
      const workers = [{ ...worker, quiet: host > 0, answers: host !== 60 }];
      const standing = { clockMs: host * 100, release: '4f2c', workers, ...(host === 30 && { quietBy: 'ada' }) };
      const about = { host: name, pid: host, startedAt: 1, processes: 2, queues: ['email', 'analytics'], ...standing };
      await state.set('presence', name, about, 600_000);
    }
    const pages = count === 1 ? ['/dead-letters', '/workers'] : PAGES;
    for (const path of pages) expect([path, await faultsOf(path)]).toEqual([path, []]);
  }
  await page.goto(`${dashboard.url}/`);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.evaluate(axe.source);
  expect(await page.evaluate("axe.run('dialog').then(({ violations }) => violations.map(({ id }) => id))")).toEqual([]);
  await engine.close(1_000);
});
