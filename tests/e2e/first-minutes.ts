import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { Client } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startProcess, type TestProcess } from '../support/child-process.ts';
import { freePort } from '../support/free-port.ts';
import type { Mail } from '../support/mailbox.ts';
import { descendantsOf, isAlive } from '../support/process-tree.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

export const MAIN = fileURLToPath(new URL('../../local/main.ts', import.meta.url));

/** What a newcomer sees: `npm start`, the shop's page, the mail, the board, Ctrl-C. */
export function firstMinutes(engine: 'postgres' | 'redis'): void {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });

  async function start(): Promise<{
    app: TestProcess;
    ports: Record<string, string>;
    folder: string;
    redisUrl: string;
  }> {
    const folder = await mkdtemp(join(tmpdir(), 'shiftwork-start-'));
    // The database server's user must come through it.
    await chmod(folder, 0o711);
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const ports: Record<string, string> = {};
    for (const name of ['PORT', 'DASHBOARD_PORT', 'MAILBOX_PORT', 'MAILBOX_SMTP_PORT'])
      ports[name] = String(await freePort());
    const env: Record<string, string> = { ...ports, SHIFTWORK_DATA: folder };
    if (engine === 'redis') {
      const redis: RedisServer = await startRedis();
      cleanups.push(() => redis.stop());
      env['REDIS_URL'] = redis.url;
    }
    const app = startProcess(MAIN, { env });
    cleanups.push(async () => {
      app.kill('SIGTERM');
      await app.ended;
    });
    await app.line(/^ready$/);
    return { app, ports, folder, redisUrl: env['REDIS_URL'] ?? '' };
  }

  test('signing up brings the mail, a row, a notification and completed jobs; an order says how far it is; Ctrl-C leaves nothing behind', async () => {
    const { app, ports, folder, redisUrl } = await start();
    const browser: TestBrowser = await openBrowser();
    cleanups.push(() => browser.close());
    const complaints: string[] = [];
    const page = await browser.page();
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text());
    });

    await page.goto(`http://localhost:${ports['PORT']}/`);
    await page.fill('form[data-name=signup] input[name=name]', 'Ada <b>Lovelace</b>');
    await page.fill('form[data-name=signup] input[name=email]', 'ada@example.com');
    await page.click('form[data-name=signup] button');
    await page.waitForSelector('#notifications >> text=Welcome, Ada <b>Lovelace</b>');
    await page.waitForSelector('[data-state=succeeded] >> nth=3');

    const mail = await waitFor('the welcome mail', async () => {
      const answer = await fetch(`http://localhost:${ports['MAILBOX_PORT']}/email`);
      return ((await answer.json()) as readonly Mail[]).find(each => each.subject === 'Welcome, Ada <b>Lovelace</b>');
    });
    expect(mail.to[0]?.address).toBe('ada@example.com');
    expect(mail.html).toContain('Ada &lt;b&gt;Lovelace&lt;/b&gt;');

    const database = new Client({ connectionString: await databaseUrl(folder) });
    await database.connect();
    const { rows } = await database.query<{ event: string }>(
      "select event from shiftwork_analytics_events where type = 'track'",
    );
    await database.end();
    expect(rows).toEqual([{ event: 'User Signed Up' }]);

    await page.click('form[data-name=order] button');
    await page.waitForSelector('#order >> text=Your order: 2 of 2 steps are done.');

    const board = await browser.page();
    for (const [queue, name] of [
      ['email', 'welcome-email'],
      ['analytics', 'track'],
      ['notification', 'in-app'],
    ] as const) {
      await board.goto(`http://localhost:${ports['DASHBOARD_PORT']}/queues/queue/${queue}?status=completed`);
      await board.waitForSelector(`text="${name}"`);
      expect(await board.content()).not.toContain('ada@example.com');
    }
    await board.goto(`http://localhost:${ports['DASHBOARD_PORT']}/`);
    // As many as `npm start` runs, in all and for each queue.
    expect(await board.textContent('dt:has-text("Processes") + dd')).toContain('2 of 2');
    const workers = board.locator(
      '[aria-label=Queues] tr:has(> th > a[href*="/queues/queue/"]) > td:nth-last-child(2)',
    );
    expect((await workers.allTextContents()).map(text => text.trim())).toEqual(['2', '2', '2']);
    expect(complaints).toEqual([]);
    await browser.close();

    const handed = join(folder, 'env');
    expect(existsSync(handed)).toBe(engine === 'postgres');
    const asked = startProcess(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)), {
      args: ['stats', '--json'],
      env: engine === 'postgres' ? await databaseIn(handed) : { REDIS_URL: redisUrl },
    });
    expect(await asked.ended).toBe(0);
    expect(asked.lines.join('')).toContain('"email"');

    const started = descendantsOf(app.pid);
    // Shop, dashboard, mailbox, two workers and PostgreSQL.
    expect(started.length).toBeGreaterThanOrEqual(6);
    app.kill('SIGINT');
    expect(await app.ended).toBe(0);
    expect(started.filter(isAlive)).toEqual([]);
    expect(existsSync(handed)).toBe(false);
    for (const port of Object.values(ports))
      await expect(fetch(`http://localhost:${port}/`)).rejects.toThrow('fetch failed');
  });
}

async function databaseUrl(folder: string): Promise<string> {
  const password = (await readFile(join(folder, 'postgres', 'password'), 'utf8')).trim();
  const port = (await readFile(join(folder, 'postgres-port'), 'utf8')).trim();
  return `postgres://shiftwork:${password}@127.0.0.1:${port}/shiftwork`;
}

/** As `npm run shiftwork` has it. */
async function databaseIn(file: string): Promise<Record<string, string>> {
  return { DATABASE_URL: parseEnv(await readFile(file, 'utf8'))['DATABASE_URL'] ?? '' };
}
