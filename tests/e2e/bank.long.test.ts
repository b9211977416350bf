import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openBrowser } from '../support/browser.ts';
import { startProcess } from '../support/child-process.ts';
import { freePort } from '../support/free-port.ts';
import { descendantsOf, isAlive } from '../support/process-tree.ts';
import { waitFor } from '../support/wait-for.ts';

const STARTER = fileURLToPath(new URL('../../local/bank.ts', import.meta.url));

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

/** What a newcomer sees: `npm run bank`, its page, Ctrl-C. */
test('the bank on its own PostgreSQL: accounts are opened, filled, moved between and closed by hand; Ctrl-C leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shiftwork-bank-'));
  // The database server's user must come through it.
  await chmod(folder, 0o711);
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const env = { BANK_PORT: String(port), SHIFTWORK_DATA: folder };
  const bank = startProcess(STARTER, { env });
  cleanups.push(async () => {
    bank.kill('SIGTERM');
    await bank.ended;
  });
  await bank.line(/^ready$/);
  expect(bank.lines).toContain(`bank      http://localhost:${port}`);

  const browser = await openBrowser();
  cleanups.push(() => browser.close());
  const page = await browser.page();
  const complaints: string[] = [];
  page.on('console', message => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', error => complaints.push(error.message));
  await page.goto(`http://localhost:${port}/`);
  await page.waitForSelector('#summary >> text=None yet.');

  const accounts = page.locator('#accounts tr');
  const open = page.locator('form[data-command=open]');
  await open.locator('input[name=ownerName]').fill('Ada <b>Lovelace</b>');
  await open.locator('button').click();
  await accounts.nth(0).waitFor();
  await open.locator('input[name=initialBalance]').fill('0');
  await open.locator('button').click();
  await accounts.nth(1).waitFor();
  expect(await accounts.nth(0).innerText()).toContain('Ada <b>Lovelace</b>');
  const [first = '', second = ''] = await page.locator('#accounts button').allInnerTexts();

  const move = page.locator('form[data-command=move]');
  await move.locator('select').selectOption(first);
  await move.locator('button[value=deposits]').click();
  await page.waitForSelector('#accounts >> text=€125.00');
  const transfer = page.locator('form[data-command=transfer]');
  await transfer.locator('select').selectOption(first);
  await transfer.locator('input[name=toAccountId]').fill(second);
  await transfer.locator('input[name=amount]').fill('12500');
  await transfer.locator('button').click();
  await page.waitForSelector('#accounts >> text=€0.00');
  await page.waitForSelector('#summary >> text=€125.00 in 4 transactions.');

  // A rule that forbids it is said where it was asked, and so is one of the form itself.
  await transfer.locator('button').click();
  await transfer.locator('.problem >> text=less than the amount').waitFor();
  await transfer.locator('input[name=toAccountId]').fill(first);
  await transfer.locator('button').click();
  await transfer.locator('.problem >> text=another account').waitFor();

  const close = page.locator('form[data-command=close]');
  await close.locator('select').selectOption(first);
  await close.locator('button').click();
  await page.waitForSelector('#accounts >> text=closed');
  await page.click(`#accounts button >> text=${first}`);
  await page.waitForSelector('#transactions >> text=transfer out');
  const lines = await page.locator('#transactions tr').allInnerTexts();
  expect(lines.map(line => line.split('\t').slice(1))).toEqual([
    ['transfer out', 'Thank you', '-€125.00', '€0.00'],
    ['deposit', 'Rent', '€25.00', '€125.00'],
    ['deposit', 'Initial deposit', '€100.00', '€100.00'],
  ]);
  const shot = process.env['SCREENSHOT'];
  if (shot !== undefined) await page.screenshot({ path: shot, fullPage: true });
  // The browser says itself of each refusal that it was one.
  expect(complaints.filter(text => !/status of 4(00|09)/.test(text))).toEqual([]);

  // Of a long account the newest are shown, and the oldest are a button away.
  const accountsUrl = `http://localhost:${port}/accounts/${second}`;
  let last = 0;
  for (let n = 1; n <= 60; n += 1) {
    const answer = await fetch(`${accountsUrl}/deposits`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: 1, description: `drop ${n}` }),
    });
    last = z.object({ position: z.number() }).parse(await answer.json()).position;
  }
  // The page did not make these: it shows them as soon as the read model has them.
  await waitFor('the read model to have them', async () => (await fetch(`${accountsUrl}?atLeast=${last}`)).ok);
  await page.locator('#accounts button').nth(1).click();
  const top = page.locator('#transactions tr').first();
  await page.waitForSelector('#transactions tr:first-child >> text=drop 60');
  expect(await page.locator('#transactions tr').count()).toBe(50);
  await page.click('#older');
  await page.waitForSelector('#transactions tr:first-child >> text=drop 10');
  expect(await page.locator('#transactions tr').last().innerText()).toContain('transfer in');
  await page.click('#newer');
  await page.waitForSelector('#transactions tr:first-child >> text=drop 60');
  expect(await top.innerText()).toContain('€125.60');

  // On a phone nothing is out of sight to the right.
  await page.setViewportSize({ width: 360, height: 800 });
  for (const place of ['html', '.wide >> nth=0', '.wide >> nth=1']) {
    expect(await page.locator(place).evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
  }

  // A read model that cannot answer is said to be so, and not taken for a person without accounts.
  const owner = page.locator('input[name=ownerId]');
  await page.route('**/owners/**', route =>
    route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":"Try again."}' }),
  );
  await owner.fill('bob');
  await owner.press('Enter');
  await page.waitForSelector('#summary.problem >> text=Try again.');
  expect(await accounts.count()).toBe(0);
  await page.unroute('**/owners/**');
  await owner.fill('ada');
  await owner.press('Enter');
  await page.waitForSelector('#summary:not(.problem) >> text=€125.60');

  // What failed on the other side may have been done: asked again, it has the same key.
  const keys: (string | undefined)[] = [];
  await page.route('**/deposits', async route => {
    keys.push(route.request().headers()['idempotency-key']);
    await route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":"Away."}' });
  });
  for (const times of [1, 2]) {
    await move.locator('button[value=deposits]').click();
    await expect.poll(() => keys.length).toBe(times);
    await move.locator('.problem >> text=Away.').waitFor();
  }
  expect(keys[0]).toBe(keys[1]);
  await page.unroute('**/deposits');

  const started = descendantsOf(bank.pid);
  expect(started.length).toBeGreaterThan(1);
  bank.kill('SIGINT');
  expect(await bank.ended).toBe(0);
  expect(started.filter(isAlive)).toEqual([]);

  // What was written is there the next time.
  const again = startProcess(STARTER, { env });
  cleanups.push(async () => {
    again.kill('SIGTERM');
    await again.ended;
  });
  await again.line(/^ready$/);
  const kept = await fetch(`http://localhost:${port}/accounts/${second}`);
  expect(await kept.json()).toMatchObject({ balance: 12_560, ownerName: 'Ada <b>Lovelace</b>', isOpen: true });
});
