import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/**
 * `npm run screenshot`: pictures of the running system for the README, into docs/images. Start `npm start` first; the browser is
 * the machine's chromium (CHROMIUM names another).
 */
const FOLDER = fileURLToPath(new URL('../docs/images', import.meta.url));
const SHOP = 'http://localhost:3000';
const DASHBOARD = 'http://localhost:3001';

mkdirSync(FOLDER, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
  await page.goto(SHOP);
  await page.fill('form[data-name=signup] input[name=email]', `ada.${Date.now()}@example.com`);
  await page.click('form[data-name=signup] button');
  await page.waitForSelector('#notifications >> text=Welcome');
  await page.click('form[data-name=order] button');
  await page.waitForSelector('[data-state=succeeded] >> nth=5');
  await page.screenshot({ path: `${FOLDER}/shop.png` });
  await page.goto(DASHBOARD);
  await page.screenshot({ path: `${FOLDER}/overview.png` });
  await page.goto(`${DASHBOARD}/queues/queue/email?status=completed`);
  await page.waitForSelector('text=welcome-email');
  // The board slides its cards in.
  await pause(1_000);
  await page.screenshot({ path: `${FOLDER}/board.png` });
} finally {
  await browser.close();
}
