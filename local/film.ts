import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { filmOf, type Frame } from './picture/film.ts';
import { startSwitchableMail } from './picture/switchable-mail.ts';
import { anyPort } from './start/ports.ts';

/**
 * `npm run film`: the film of the README, from real pages of a system of its own: a mail server fails and heals while people sign
 * up. Takes about two minutes; the browser is the machine's chromium (CHROMIUM names another).
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SIZE = { width: 1200, height: 640 };
const MAILS = 60;

const folder = mkdtempSync(join(tmpdir(), 'shiftwork-film-'));
const mail = await startSwitchableMail();
const [shopPort, dashboardPort] = [await anyPort(), await anyPort()];
const system = spawn(process.execPath, [join(ROOT, 'local/main.ts')], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    ...process.env,
    SMTP_URL: mail.url,
    SHIFTWORK_DATA: folder,
    PORT: String(shopPort),
    DASHBOARD_PORT: String(dashboardPort),
  },
});
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
});
const frames: Frame[] = [];
try {
  await said('ready');
  const page = await (await browser.newContext({ viewport: SIZE })).newPage();
  await signUp(3);
  await until(() => mail.delivered >= 3);
  await pictureOf(page, 'All is well.', /All is well/);
  mail.turn('sick');
  await signUp(MAILS);
  await pictureOf(
    page,
    'The mail server answers 451. The overview says so, since when, and what happens by itself.',
    /sick/,
  );
  await signUp(MAILS);
  await pause(6_000);
  await pictureOf(page, 'Mails wait at the head of their queue. No attempt is spent, other work goes on.', /sick/);
  const before = mail.delivered;
  mail.turn('well');
  await until(() => mail.delivered > before);
  await pictureOf(page, 'The server is back: one mail finds out, the others follow.', /./);
  await until(() => mail.delivered >= 3 + 2 * MAILS);
  await pictureOf(page, 'Every mail is sent once. Nobody had to do anything.', /All is well/);
  const target = join(ROOT, 'docs/images/sick-provider.svg');
  writeFileSync(target, filmOf(frames, SIZE));
  console.log(`${frames.length} pictures: ${target}`);
} finally {
  await browser.close();
  system.kill('SIGTERM');
  await once(system, 'exit');
  await mail.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function said(word: string): Promise<void> {
  for await (const line of createInterface({ input: system.stdout })) {
    if (line.trim() !== word) continue;
    system.stdout.resume();
    return;
  }
  throw new Error(`Expected the system to say "${word}", it ended before.`);
}

async function signUp(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const response = await fetch(`http://localhost:${shopPort}/signup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: `person.${Date.now()}.${index}@example.com`, name: 'Ada' }),
    });
    if (!response.ok) throw new Error(`Expected the shop to take a sign-up, it answered ${response.status}.`);
  }
}

/** The overview, once it says so. */
async function pictureOf(page: Page, caption: string, says: RegExp): Promise<void> {
  await until(async () => {
    await page.goto(`http://localhost:${dashboardPort}/`);
    return says.test(await page.locator('main').innerText());
  });
  frames.push({ jpeg: await page.screenshot({ type: 'jpeg', quality: 82 }), caption });
  console.log(`${frames.length}: ${caption}`);
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = Date.now() + 120_000;
  while (!(await isSo())) {
    if (Date.now() > endsAt) throw new Error('Expected the next picture within two minutes.');
    await pause(250);
  }
}
