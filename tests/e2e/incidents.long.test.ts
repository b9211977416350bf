import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorkers, type StartedWorkers } from '../../src/boot/work/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { HOUR, JournalWriter, MINUTE, openJournal } from '../../src/journal/index.ts';
import { connect, type Client } from '../../src/queue/index.ts';
import app, { invoice, orderMail, resize, thumbnail, venom } from '../support/apps/incidents.config.ts';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startProcess } from '../support/child-process.ts';
import { openTestDashboard, type TestDashboard } from '../support/dashboard.ts';
import { namespace, redisUrl } from '../support/engines.ts';
import { descendantsOf } from '../support/process-tree.ts';
import { program } from '../support/programs.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startScriptedSmtp, type ScriptedSmtp } from '../support/smtp-script.ts';
import { PATIENT, waitFor } from '../support/wait-for.ts';

/*
 * Nine bad days at once, in three installations: `here` workers go on, `there` the only host is lost, and `full` is a Redis of its own that may take
 * little. What is wrong is made before the tests, but for what grows; each of them looks at the pages as an operator would, and counts the clicks.
 */

/** `npm run test:incidents` brings all 50,000. */
const CROWD = process.env['INCIDENTS'] === 'whole' ? 50_000 : 2_000;
/** Its one slot takes minutes for these: whatever order the tests come in, some of them wait. */
const OLD = 2_000;
const PORTION = 250;
const QUARTER = 15 * MINUTE;
/** Of the Redis that fills. */
const MOST_BYTES = 24 * 1024 ** 2;
const place = (): { readonly url: string; readonly namespace: string; readonly cleanup: () => Promise<void> } => ({
  url: redisUrl(),
  namespace: namespace(),
  cleanup: async () => undefined,
});
const [here, there] = [place(), place()];
let small: RedisServer;
let pages: { readonly here: TestDashboard; readonly there: TestDashboard; readonly full: TestDashboard };
let browser: TestBrowser;
let smtp: ScriptedSmtp;
let client: Client;
const hosts: StartedWorkers[] = [];

/** Workers in this process, of one release. */
async function work(release: string, queues: readonly string[]): Promise<StartedWorkers> {
  const variables = { RELEASE: release, SMTP_URL: `${smtp.url.href}?tls=never`, MAIL_FROM: 'Shop <shop@example.com>' };
  const { url: redis, namespace: own } = here;
  const started = await startWorkers({ app, redis, namespace: own, queues, variables });
  hosts.push(started);
  return started;
}

/** Jobs from minutes ago before those of now, and one slot that works on them. */
async function crowd(): Promise<void> {
  const queue = await pages.here.queue('images');
  const timestamp = Date.now() - 5 * MINUTE;
  const old = Array.from({ length: OLD }, (_, n) => ({
    name: resize.name,
    data: { n },
    opts: { jobId: `images-old-${n}`, timestamp, telemetry: { metadata: '{"v":1}' } },
  }));
  // Whoever asks gives each call two seconds, and this process does much else.
  for (let sent = 0; sent < OLD; sent += PORTION) await queue.addBulk(old.slice(sent, sent + PORTION));
  for (let sent = OLD; sent < CROWD; sent += PORTION)
    await client.enqueueMany(Array.from({ length: PORTION }, (_, n) => resize({ n })));
}

/** Written with another clock: a quarter of an hour in which jobs waited for nine minutes. */
async function slowQuarterYesterday(): Promise<void> {
  const engine = openEngine({ ...here, role: 'producer' });
  let now = Math.floor((engine.clock.now() - 20 * HOUR) / QUARTER) * QUARTER;
  const writer = new JournalWriter({
    worker: 'yesterday/1',
    host: 'yesterday',
    release: 'good',
    store: () => openJournal(engine),
    succeededBytes: 1_000_000,
    now: () => now,
  });
  for (let n = 0; n < 15; n += 1) {
    const jobId = `invoices-slow-${n}`;
    const times = { endedAt: now, waitedMs: 9 * MINUTE, ranMs: 40 };
    writer.run({
      jobId,
      jobName: invoice.name,
      queue: 'invoices',
      outcome: 'succeeded',
      attempt: 1,
      correlationId: jobId,
      tags: [],
      ...times,
    });
    await writer.flush();
    now += MINUTE;
  }
  await writer.close();
  await engine.close(1_000);
}

/** A job kills every process that runs it until it is set aside; then the whole host goes, and with it the only one that kept the schedule. */
async function loseTheHost(): Promise<void> {
  const env = {
    REDIS_URL: there.url,
    SHIFTWORK_NAMESPACE: there.namespace,
    WORKER_QUEUES: 'venom,reports',
    WORKER_PROCESSES: '1',
  };
  const config = program('tests/support/apps/incidents.config.ts');
  const host = startProcess(program('src/cli/main.ts'), { args: ['work', '--app', config], env });
  await host.line(/worker\.started/);
  const other = connect({ redis: there.url, namespace: there.namespace });
  const { id } = await other.enqueue(venom, {});
  await host.line(new RegExp(`"job\\.dead".*${id}`));
  await waitFor(
    'a report',
    async () => (await (await pages.there.queue('reports')).getJobCounts('completed'))['completed'],
  );
  for (const pid of [...descendantsOf(host.pid), host.pid]) process.kill(pid, 'SIGKILL');
  await Promise.all([host.ended, other.close()]);
}

beforeAll(async () => {
  const fails = (_address: unknown, _session: unknown, answered: (error: Error) => void): void =>
    answered(Object.assign(new Error('try later'), { responseCode: 451 }));
  const open = (fixture: typeof here): Promise<TestDashboard> => openTestDashboard({ fixture, app, users: false });
  small = await startRedis({ config: { maxmemory: String(MOST_BYTES) } });
  const [first, second, third] = await Promise.all([open(here), open(there), open({ ...here, url: small.url })]);
  pages = { here: first, there: second, full: third };
  [browser, smtp] = await Promise.all([openBrowser(), startScriptedSmtp({ onMailFrom: fails })]);
  client = connect({ redis: here.url, namespace: here.namespace });
  const mails = Array.from({ length: 40 }, (_, n) => orderMail({ user: `u-${n}`, order: `o-${n}` }));
  await client.enqueueMany(mails);
  await client.enqueueMany(Array.from({ length: 500 }, (_, n) => invoice({ n })));
  await Promise.all([
    loseTheHost(),
    slowQuarterYesterday(),
    work('good', ['mail']),
    work('broken', ['invoices', 'reports', 'venom']),
    crowd().then(() => work('good', ['images'])),
  ]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all(hosts.map(host => host.stop(1_000)));
  await Promise.all([client.close(), smtp.stop(), ...Object.values(pages).map(page => page.close())]);
  await small.stop();
});

/** An overview that is open in a browser; it renews itself. */
async function overview(of: keyof typeof pages): Promise<Page> {
  const page = await browser.page();
  await page.addInitScript(
    "addEventListener('click', () => (sessionStorage.n = 1 + Number(sessionStorage.n ?? 0)), true)",
  );
  await page.goto(`${pages[of].url}/`);
  return page;
}

/** What a person has pressed since. */
async function clicksOn(page: Page): Promise<number> {
  return Number(await page.evaluate('sessionStorage.n'));
}

/** The overview says so by itself, and leads on with one click. */
async function follow(page: Page, says: RegExp, link: string): Promise<void> {
  const condition = page.locator('.standing li').filter({ hasText: says });
  // It renews itself, every ten seconds: whoever waits for it loads it anew.
  await expect
    .poll(async () => {
      if ((await condition.count()) > 0) return true;
      await page.reload();
      return false;
    })
    .toBe(true);
  await condition.first().getByRole('link', { name: link }).click();
}

/** The first press says what would happen, the second does it: two clicks. */
async function act(page: Page, verb: string): Promise<void> {
  await page
    .getByRole('button', { name: `${verb} …` })
    .first()
    .click();
  await page.getByRole('button', { name: /^\w+ \d+ now$/ }).click();
}

test('a mail server that answers 451: the overview names it and when it is tried next; two clicks, and it is tried at once', async () => {
  const page = await overview('here');
  await follow(page, /mail waits for smtp.*held.*No attempt is spent.*Next try/s, 'Destinations');
  const row = page.getByRole('row', { name: /mail\/smtp.*paused.*451/ });
  await row.waitFor();
  expect(await client.find({ queue: 'mail', state: 'dead' })).toMatchObject({ jobs: [] });
  const tries = async (): Promise<number> => Number(await row.getByRole('cell').nth(3).innerText());
  const before = await tries();
  await row.getByRole('button', { name: 'Try now' }).click();
  await expect.poll(tries, PATIENT).toBeGreaterThan(before);
  expect(await clicksOn(page)).toBe(2);
});

test('a contract that throws since a deploy: the cause is named with its 500, and one of them is tried in three clicks', async () => {
  const page = await overview('here');
  await follow(
    page,
    /invoice: 500 dead letters of one cause.*TypeError|invoice: 500 dead letters.*properties of undefined/s,
    'The cause',
  );
  await page.getByText('first in release broken').waitFor();
  const broken = hosts.find(({ queues }) => queues.includes('invoices'));
  await broken?.stop(1_000);
  await work('mended', ['invoices', 'reports', 'venom']);
  await act(page, 'Try one first');
  const queue = await pages.here.queue('invoices');
  await waitFor('the one', async () => (await queue.getJobCounts('completed'))['completed'] === 1);
  expect(await clicksOn(page)).toBe(3);
});

test('many thousands waiting and too few workers: one click to how many processes it takes', async () => {
  const page = await overview('here');
  await follow(page, /images is late.* jobs wait/s, 'How many processes');
  const row = page.getByRole('row', { name: /^images/ });
  await expect
    .poll(async () => {
      await page.reload();
      return Number(await row.getByRole('cell').first().innerText());
    })
    .toBeGreaterThan(1);
  expect(await clicksOn(page)).toBe(1);
});

test('a job that kills its workers: it is named as poison, and gone in three clicks', async () => {
  const page = await overview('there');
  page.on('dialog', dialog => void dialog.accept('it kills workers'));
  await follow(page, /venom: 1 dead letter/, 'The cause');
  await act(page, 'Discard');
  const queue = await pages.there.queue('venom');
  await waitFor('it to be gone', async () => (await queue.getJobCounts('failed'))['failed'] === 0);
  expect(await clicksOn(page)).toBe(3);
});

test('a lost host: it is named with what becomes of its work; one click to when it was lost', async () => {
  const page = await overview('there');
  await follow(page, /The host .* was lost .* None has come in its place/s, 'Workers');
  await page.getByRole('region', { name: 'Hosts that are gone' }).getByText('lost').first().waitFor();
  expect(await clicksOn(page)).toBe(1);
});

test('a schedule that did not run: it is named, and run by hand in three clicks', async () => {
  const page = await overview('there');
  await follow(page, /The schedule every-two-seconds did not run/, 'Schedules');
  const queue = await pages.there.queue('reports');
  const waiting = async (): Promise<number> => (await queue.getJobCounts('prioritized', 'waiting'))['prioritized'] ?? 0;
  const before = await waiting();
  await act(page, 'Run');
  await waitFor('one more report', async () => (await waiting()) > before);
  expect(await clicksOn(page)).toBe(3);
});

test('a queue whose memory grows: it is named before the Redis is full, and all of its jobs are cancelled in three clicks', async () => {
  const producer = connect({ redis: small.url, namespace: here.namespace });
  const enqueue = (count: number): Promise<unknown> =>
    producer.enqueueMany(Array.from({ length: count }, () => thumbnail({ picture: 'x'.repeat(20_000) })));
  for (let sent = 0; sent < 560; sent += 40) await enqueue(40);
  const page = await overview('full');
  page.on('dialog', dialog => void dialog.accept('the pictures are to be sent by their addresses'));
  // Not until it is full, however slow this machine is: then nobody could cancel any of it.
  const redis = new Redis(small.url);
  const hasRoom = async (): Promise<boolean> =>
    Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]) < 0.85 * MOST_BYTES;
  const grow = async (): Promise<unknown> => ((await hasRoom()) ? enqueue(5) : undefined);
  const growing = setInterval(() => void grow().catch(() => undefined), 500);
  try {
    await follow(
      page,
      /Redis takes .* of the 24 MB that it may take.*the waiting jobs of bulk, .* MB now/s,
      'Its jobs',
    );
  } finally {
    clearInterval(growing);
    redis.disconnect();
  }
  await act(page, 'Cancel all that match');
  const started = await startWorkers({
    app,
    redis: small.url,
    namespace: here.namespace,
    queues: ['bulk'],
    variables: {},
  });
  hosts.push(started);
  const found = async (): Promise<unknown> => (await producer.find({ queue: 'bulk', state: 'cancelled' })).runs[0];
  await waitFor('one to end as cancelled', found);
  expect(await clicksOn(page)).toBe(3);
  await producer.close();
});

test("a customer's order mail is found by the user's id while it waits, in three clicks, and the id stands in no address", async () => {
  const page = await overview('here');
  await page.getByRole('link', { name: 'Jobs', exact: true }).click();
  await page.getByLabel('Tags').fill('user=u-37');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('link', { name: 'order-mail' }).click();
  await page.getByText('for a sick destination').first().waitFor();
  await page.getByText('o-37').first().waitFor();
  expect(page.url()).not.toContain('u-37');
  expect(await clicksOn(page)).toBe(3);
});

test('a slow quarter of an hour yesterday: two clicks to the runs behind it', async () => {
  const page = await overview('here');
  await page.getByRole('link', { name: '24h', exact: true }).click();
  await page.waitForURL(/range=24h/);
  const slow = page.locator('.chart a').filter({ hasText: /p50 (8|9|10|11|12)(\.\d)? min/ });
  await slow.first().click();
  await page.getByRole('link', { name: 'invoice', exact: true }).first().waitFor();
  await page.getByText('invoices-slow-14').waitFor();
  await page.getByText('9 min 0 s').first().waitFor();
  expect(await clicksOn(page)).toBe(2);
});
