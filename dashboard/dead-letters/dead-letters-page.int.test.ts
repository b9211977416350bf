import { UnrecoverableError } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stockWorker } from '../../tests/support/stock-worker.ts';
import { openBrowser, type TestBrowser } from '../../tests/support/browser.ts';
import { openTestDashboard, sampleApp, type TestDashboard } from '../../tests/support/dashboard.ts';
import { PASSWORD } from '../../tests/support/sample-users.ts';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { CLOSED } from '../../src/resilience/index.ts';
import { openState } from '../../src/state/index.ts';
import type { DeadLetter } from '../../src/dead-letters/index.ts';
import { messagePage } from '../pages/message-page.ts';
import { signInPage } from '../pages/sign-in-page.ts';
import { STYLESHEET } from '../pages/stylesheet.ts';
import { listPage } from './dead-letter-pages.ts';

const SECRET = 'hunter2@example.com';
const HOSTILE = '<img src=x onerror="window.bombed=1">';

describe.each(engineCases)('dead letters on the dashboard, on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let dashboard: TestDashboard;

  /** Jobs of the sample app that end with these reasons. */
  async function fail(...reasons: string[]): Promise<string[]> {
    const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const queue = await engine.queue('email');
    const before = await queue.getFailedCount();
    const jobs = reasons.map((_, index) => ({
      name: 'letter',
      data: { to: SECRET, body: `${index}` },
      opts: { jobId: `email-0mwtkts1d${String(before + index).padStart(4, '0')}raf4nk6-abcdefghij` },
    }));
    const added = await queue.addBulk(jobs);
    const worker = await stockWorker(
      engine,
      'email',
      async job => {
        const { body } = job.data as { body: string };
        throw new UnrecoverableError(reasons[Number(body)] ?? '');
      },
      { name: 'w' },
    );
    void worker.run();
    await waitFor('the jobs to fail', async () => (await queue.getFailedCount()) === before + reasons.length);
    await engine.close(2_000);
    return added.map(({ id = '' }) => id);
  }

  beforeAll(async () => {
    fixture = await open();
    dashboard = await openTestDashboard({ fixture });
  });
  afterAll(async () => {
    await dashboard.close();
    await fixture.cleanup();
  });

  const get = async (path: string, name: string) =>
    (await dashboard.send(path, { headers: { cookie: await dashboard.cookieOf(name), accept: 'text/html' } })).text();
  const post = async (path: string, name: string, body: unknown) =>
    dashboard.send(path, {
      method: 'POST',
      headers: {
        origin: dashboard.url,
        cookie: await dashboard.cookieOf(name),
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });

  test('nobody without a session sees anything', async () => {
    for (const path of ['/dead-letters', '/dead-letters/email-1', '/workers']) {
      expect((await dashboard.send(path)).status).toBe(401);
    }
  });

  test('causes, jobs and details are shown without what is sensitive, and hostile text is text', async () => {
    const [id = ''] = await fail(`no mailbox ${SECRET} 17`, 'no mailbox x@y.example 18', HOSTILE);
    const groups = await get('/dead-letters', 'viewer');
    expect(groups).toContain('no mailbox');
    expect(groups).not.toContain('data-act=');
    const cause = /\/dead-letters\?cause=([\w%-]+)/.exec(groups)?.[1] ?? '';
    const list = await get(`/dead-letters?cause=${cause}`, 'viewer');
    const details = await get(`/dead-letters/${id}`, 'operator');
    expect(details).toContain('[redacted]');
    for (const page of [groups, list, details]) {
      expect(page).not.toContain('hunter2');
      expect(page).not.toContain('<img src=x');
    }
  });

  test('what expired or was cancelled is listed when it is asked for, and can be discarded by its cause', async () => {
    // The last of them is the one that goes: ids are made of how many there are.
    await fail('a plain failure', 'JOB_EXPIRED: too old');
    expect(await get('/dead-letters', 'viewer')).not.toContain('JOB_EXPIRED');
    const all = await get('/dead-letters?all=yes', 'viewer');
    expect(all).toContain('a plain failure');
    const cause = /cause=([\w%-]+)"\s*>JOB_EXPIRED/.exec(all)?.[1] ?? '';
    expect(await get(`/dead-letters?cause=${cause}`, 'viewer')).toContain('JOB_EXPIRED: too old');
    const what = { fingerprint: decodeURIComponent(cause), dryRun: false, reason: 'expired' };
    expect(await (await post('/dead-letters/discard', 'admin', what)).json()).toMatchObject({ matched: 1, done: 1 });
  });

  test('roles: viewers only look, operators replay, admins discard; what they did is recorded', async () => {
    const [id = ''] = await fail('roles');
    const before = dashboard.actions.length;
    const what = { ids: [id], dryRun: false };
    expect((await post('/dead-letters/replay', 'viewer', what)).status).toBe(403);
    expect((await post('/dead-letters/discard', 'operator', { ...what, reason: 'x' })).status).toBe(403);
    const replayed = await post('/dead-letters/replay', 'operator', what);
    expect(await replayed.json()).toMatchObject({ matched: 1, done: 1, skipped: 0 });
    const again = await post('/dead-letters/replay', 'operator', what);
    expect(await again.json()).toMatchObject({ matched: 1, done: 0, skipped: 1 });
    expect(dashboard.actions.slice(before).filter(({ path }) => path === '/dead-letters/replay')).toMatchObject([
      { user: 'viewer', outcome: 'refused' },
      { user: 'operator', outcome: 'done' },
      { user: 'operator', outcome: 'done' },
    ]);
  });

  test.each([
    ['/dead-letters/replay', { fingerprint: 'x' }],
    ['/dead-letters/discard', { fingerprint: 'x', reason: 'r' }],
    ['/running/cancel', { ids: ['email-none'], reason: 'r' }],
  ])('a dry run of %s is on record as one', async (path, what) => {
    const before = dashboard.actions.length;
    for (const dryRun of [true, false]) expect((await post(path, 'admin', { ...what, dryRun })).status).toBe(200);
    const recorded = dashboard.actions.slice(before).filter(action => action.path === path);
    expect(recorded.map(({ outcome }) => outcome)).toEqual(['dry run', 'done']);
  });

  test.each([
    null,
    [],
    {},
    { ids: [], dryRun: false },
    { ids: [7], dryRun: true },
    { fingerprint: 'x' },
    { ids: 'all', dryRun: false },
    { all: true, dryRun: false },
    { fingerprint: 'x', ids: ['email-none'], dryRun: true },
    { fingerprint: 'x', id: 'email-none', dryRun: true },
  ])('a body of %j does nothing', async body => {
    expect((await post('/dead-letters/replay', 'admin', body)).status).toBe(400);
  });

  test('a discard needs a reason, and a request from elsewhere is refused', async () => {
    const [id = ''] = await fail('reasons');
    expect((await post('/dead-letters/discard', 'admin', { ids: [id], dryRun: false })).status).toBe(400);
    const cookie = await dashboard.cookieOf('admin');
    const foreign = await dashboard.send('/dead-letters/replay', {
      method: 'POST',
      headers: { origin: 'https://evil.example', cookie, 'content-type': 'application/json' },
      body: JSON.stringify({ ids: [id], dryRun: false }),
    });
    expect(foreign.status).toBe(403);
    const done = await post('/dead-letters/discard', 'admin', { ids: [id], dryRun: false, reason: 'asked by support' });
    expect(await done.json()).toMatchObject({ done: 1 });
    expect((await dashboard.send(`/dead-letters/${id}`, { headers: { cookie } })).status).toBe(404);
  });
});

describe('the pages in a browser', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test('a word that does not break makes no page wider than a telephone', async () => {
    const page = await browser.page();
    await page.setViewportSize({ width: 360, height: 740 });
    const word = 'https://x.example/'.padEnd(200, 'y');
    const viewer = { name: 'ann', role: 'viewer', formToken: undefined } as const;
    const letter: DeadLetter = {
      kind: 'job',
      what: 'Job',
      id: 'email-1',
      name: 'letter',
      queue: 'email',
      enqueuedAt: 1,
      endedAt: 2,
      attemptsMade: 1,
      reason: word,
      fingerprint: 'x',
    };
    const style = `<style>${STYLESHEET}</style>`;
    for (const shown of [
      listPage({ base: '', viewer, letters: [letter], limit: 2 }),
      messagePage({ base: '', title: word, message: word }),
      signInPage({ base: '', token: '', next: '/', problem: word }),
    ]) {
      await page.setContent(shown.replace('</head>', `${style}</head>`));
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    }
  });

  test('a group is replayed with two presses: the first says how many, the second does it', async () => {
    const fixture = await engineCases[0]?.open();
    if (fixture === undefined) throw new Error('no engine');
    const facts = new Facts();
    const dashboard = await openTestDashboard({ fixture, app: sampleApp, facts });
    try {
      const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
      const queue = await engine.queue('email');
      await queue.addBulk([1, 2, 3].map(n => ({ name: 'letter', data: { to: SECRET, body: String(n) } })));
      const worker = await stockWorker(
        engine,
        'email',
        async job => {
          throw new UnrecoverableError(`no mailbox ${job.id}`);
        },
        { name: 'w' },
      );
      void worker.run();
      await waitFor('the jobs to fail', async () => (await queue.getFailedCount()) === 3);
      await worker.close();
      // What a supervisor and a worker that met a sick mail server leave in the shared state.
      const state = await openState(engine);
      const host = { host: 'test-host', pid: 7, startedAt: Date.now(), processes: 2, queues: ['email'] };
      await state.set('presence', 'test-host-7', host, 600_000);
      const breaker = { ...CLOSED, phase: 'open', until: Date.now() + 600_000, openings: 2 };
      await state.set('hold', 'email/smtp', { breaker, quietUntil: 0 }, 600_000);

      const page = await browser.page();
      const complaints: string[] = [];
      page.on('console', message => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', error => complaints.push(error.message));
      await page.goto(`${dashboard.url}/dead-letters`);
      await page.fill('[name=name]', 'operator');
      await page.fill('[name=password]', PASSWORD);
      await page.click('main button');
      await page.getByRole('heading', { name: 'Dead letters' }).waitFor();
      const stale = await page.context().newPage();
      await stale.goto(`${dashboard.url}/dead-letters`);
      await page.getByRole('button', { name: 'Replay …' }).click();
      await page.getByRole('button', { name: 'Replay 3 now' }).click();
      await page.getByRole('link', { name: 'Follow it' }).click();
      await page.getByText('3 of 3').waitFor();
      await waitFor('all to be replayed', async () => (await queue.getFailedCount()) === 0);
      // Another tab still shows what is gone.
      await stale.getByRole('button', { name: 'Replay …' }).click();
      await stale.getByText('Nothing is left of it.').waitFor();
      await page.getByRole('link', { name: 'Workers' }).click();
      await page.getByRole('row', { name: /test-host/ }).waitFor();
      await page.getByText('email/smtp').waitFor();
      expect(complaints).toEqual([]);
      await engine.close(2_000);
    } finally {
      await dashboard.close();
      await fixture.cleanup();
    }
  });
});
