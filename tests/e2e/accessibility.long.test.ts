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
  '/dead-letters?all=yes',
  '/schedules',
  '/workers',
  '/jobs',
  '/jobs?queue=analytics&state=dead',
  '/history?range=24h',
  '/jobs/seeded-000000',
  '/scaling',
  '/running',
  '/audit',
  '/projections',
  '/nothing',
];
/** Each width and each scheme once: what is wrong with a colour is so in both widths. */
const SCREENS = [
  [1_400, 'light'],
  [390, 'dark'],
] as const;
const RUN =
  "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })";
/** More than any page shows: each shows a part, and says so. */
const MANY = 10_000;
const ACTION = {
  user: 'ada',
  role: 'admin',
  method: 'POST',
  path: '/running/cancel',
  status: 200,
  outcome: 'done',
  client: '127.0.0.1',
  detail: { what: 'cancel jobs', on: 'email-1', matched: 21, done: 20, skipped: 1, reason: 'a mistake '.repeat(20) },
};
const auditId = (n: number): string => `${Date.now()}-${String(n).padStart(5, '0')}abcdefgh`;
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
      `${RUN}
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
  const today = new Date().toISOString().slice(0, 10);
  await state.set('audit-days', today, {}, 86_400_000);
  for (const count of [1, MANY]) {
    await seedLetters(fixture, 'analytics', count, index => ({
      name: 'visit',
      data: '{"page":"/x"}',
      reason: `cause ${'abcdefghij'.repeat(count === 1 ? 1 : 12)} ${String.fromCharCode(97 + (index % 20))}`,
    }));
    for (let host = 0; host < Math.min(count, 200); host += 30) {
      const name = `host-${host}`;
      const worker = { name: `${name}/1`, pid: 1, startedAt: 1, running: 3, slots: 20, memoryMb: 1_400, lagMs: 900 };
      const workers = [{ ...worker, quiet: host > 0, answers: host !== 60 }];
      const standing = { clockMs: host * 100, release: '4f2c', workers, ...(host === 30 && { quietBy: 'ada' }) };
      const about = { host: name, pid: host, startedAt: 1, processes: 2, queues: ['email', 'analytics'], ...standing };
      await state.set('presence', name, about, 600_000);
    }
    const queue = await engine.queue('email');
    const waiting = Array.from({ length: count }, (_, n) => ({ name: 'reset', data: { n }, opts: { priority: 20 } }));
    for (let at = 0; at < count; at += 1_000) await queue.addBulk(waiting.slice(at, at + 1_000));
    for (let n = 0; n < Math.min(count, 150); n += 1) await state.set(`audit-${today}`, auditId(n), ACTION, 86_400_000);
    const pages = count === 1 ? ['/dead-letters', '/workers'] : PAGES;
    for (const path of pages) expect([path, await faultsOf(path)]).toEqual([path, []]);
  }
  await page.goto(`${dashboard.url}/`);
  // Whatever is folded on a page was never looked at by axe.
  for (const folded of ['/', '/jobs', '/jobs/seeded-000000']) {
    await page.goto(`${dashboard.url}${folded}`);
    await page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))");
    await page.evaluate(axe.source);
    expect([folded, await page.evaluate(`${RUN}.then(({ violations }) => violations.map(({ id }) => id))`)]).toEqual([
      folded,
      [],
    ]);
  }
  await page.goto(`${dashboard.url}/`);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.evaluate(axe.source);
  expect(await page.evaluate("axe.run('dialog').then(({ violations }) => violations.map(({ id }) => id))")).toEqual([]);
  await engine.close(1_000);
  // Some seventy looks of axe are three minutes of one core, and six on a machine with other work.
}, 900_000);
