import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { memoryCase } from '../../tests/support/memory-case.ts';
import { openEngine } from '../../src/engine/index.ts';
import { AuditLog, type AuditPart } from '../../src/audit/index.ts';
import type { DashboardAction } from './record-actions.ts';

const LATE_IN_THE_DAY = Date.UTC(2026, 2, 1, 23, 0);
let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openTestDashboard({ fixture: await memoryCase(LATE_IN_THE_DAY).open() });
});
afterAll(() => dashboard.close());

async function post(name: string, path: string, body: object): Promise<number> {
  const headers = {
    origin: dashboard.url,
    cookie: await dashboard.cookieOf(name),
    'content-type': 'application/json',
  };
  return (await dashboard.send(path, { method: 'POST', headers, body: JSON.stringify(body) })).status;
}

async function read(name: string): Promise<AuditPart> {
  const headers = { cookie: await dashboard.cookieOf(name), accept: 'application/json' };
  return (await (await dashboard.send('/audit', { headers })).json()) as AuditPart;
}

test('says who did what on what, to how many, with what outcome; also what was refused, and no rehearsal', async () => {
  const what = { ids: ['email-none'], reason: 'a mistake' };
  expect(await post('operator', '/running/cancel', { ...what, dryRun: true })).toBe(200);
  expect(await post('operator', '/running/cancel', { ...what, dryRun: false })).toBe(200);
  expect(await post('viewer', '/running/cancel', { ...what, dryRun: false })).toBe(403);
  const acts = async () =>
    (await read('viewer')).entries.filter(
      ({ path, detail }) => path === '/running/cancel' && detail?.on !== '<b>x</b>',
    );
  await expect.poll(async () => (await acts()).length).toBe(2);
  const acted = await acts();
  const { entries } = await read('viewer');
  expect(acted).toMatchObject([
    { user: 'viewer', role: 'viewer', outcome: 'refused', status: 403 },
    {
      user: 'operator',
      outcome: 'done',
      detail: { what: 'cancel jobs', on: 'email-none', matched: 1, done: 0, skipped: 1, reason: 'a mistake' },
    },
  ]);
  expect(entries.some(({ path, user }) => path === '/sign-in' && user === 'viewer')).toBe(true);
});

test.each(['x', '', '1790000000000-00001abcdefg', '1&before=2'])(
  'a page behind what is no entry is refused, as the latest would pass for it: before=%s',
  async before => {
    const cookie = await dashboard.cookieOf('viewer');
    for (const accept of ['application/json', 'text/html']) {
      const answer = await dashboard.send(`/audit?before=${before}`, { headers: { cookie, accept } });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('before')]);
    }
  },
);

test('a test alert is for admins, is on record, and tells nobody where it goes, also where it is not taken', async () => {
  let sent = 0;
  const testAlert = async (): Promise<void> => {
    sent += 1;
    if (sent > 1) throw new Error('https://hooks.example/secret answered 500');
  };
  const place = await memoryCase(LATE_IN_THE_DAY).open();
  const board = await openTestDashboard({ fixture: place, testAlert });
  const send = async (name: string, body: object): Promise<Response> => {
    const headers = { origin: board.url, cookie: await board.cookieOf(name), 'content-type': 'application/json' };
    return board.send('/alerts/test', { method: 'POST', headers, body: JSON.stringify(body) });
  };
  expect((await send('operator', { dryRun: false })).status).toBe(403);
  expect((await send('admin', {})).status).toBe(400);
  expect(await (await send('admin', { dryRun: true })).json()).toMatchObject({ done: 1 });
  expect(sent).toBe(0);
  expect(await (await send('admin', { dryRun: false })).json()).toMatchObject({ done: 1 });
  const failed = await send('admin', { dryRun: false });
  expect(failed.status).toBe(502);
  expect(await failed.text()).not.toContain('secret');
  expect(board.actions.filter(({ path }) => path === '/alerts/test').map(({ outcome }) => outcome)).toEqual([
    'refused',
    'refused',
    'dry run',
    'done',
    'failed',
  ]);
  const overview = async (name: string): Promise<string> => {
    const headers = { cookie: await board.cookieOf(name), accept: 'text/html' };
    return (await board.send('/', { headers })).text();
  };
  expect(await overview('admin')).toContain('Send a test alert');
  expect(await overview('operator')).not.toContain('Send a test alert');
  await board.close();
  await place.cleanup();
});

test('where people did it from is for admins, and the page says all of it as text', async () => {
  expect(await post('operator', '/running/cancel', { ids: ['<b>x</b>'], reason: '<i>why</i>', dryRun: false })).toBe(
    200,
  );
  await expect
    .poll(async () => (await read('admin')).entries.some(({ detail }) => detail?.on === '<b>x</b>'))
    .toBe(true);
  expect((await read('admin')).entries[0]?.client).toBe('127.0.0.1');
  expect((await read('viewer')).entries.every(({ client }) => client === 'for admins')).toBe(true);
  const headers = { cookie: await dashboard.cookieOf('admin'), accept: 'text/html' };
  const page = await (await dashboard.send('/audit', { headers })).text();
  expect(page).toContain('&lt;b&gt;x&lt;/b&gt;');
  expect(page).toContain('aria-current="page">Audit');
  expect(page).not.toContain('<b>x</b>');
});

test('what the command line did stands among them; on which machine is for admins', async () => {
  const place = await memoryCase(LATE_IN_THE_DAY).open();
  const board = await openTestDashboard({ fixture: place });
  const engine = openEngine({ url: place.url, namespace: place.namespace, role: 'producer' });
  await new AuditLog(engine, () => undefined).record({
    user: 'cli:ann',
    role: undefined,
    method: 'CLI',
    path: 'shiftwork erase',
    status: undefined,
    outcome: 'begun',
    client: 'build-7',
    detail: { what: 'erase', on: 'tag user (x1)' },
  });
  const see = async (name: string): Promise<string> => {
    const headers = { cookie: await board.cookieOf(name), accept: 'text/html' };
    return (await board.send('/audit', { headers })).text();
  };
  const shown = await see('admin');
  for (const text of ['cli:ann', 'erase<small>tag user (x1)</small>', '>begun</td>', 'build-7'])
    expect(shown).toContain(text);
  expect(await see('viewer')).not.toContain('build-7');
  await engine.close(100);
  await board.close();
  await place.cleanup();
});

test('pages go back over the days without a gap', async () => {
  // Days pass here: on the clock of the others they would end the sessions.
  const { open, clock } = memoryCase(LATE_IN_THE_DAY);
  const place = await open();
  const engine = openEngine({ url: place.url, namespace: 'audit', role: 'producer' });
  const log = new AuditLog(engine, error => expect.fail(String(error)));
  const action: DashboardAction = {
    user: 'ann',
    role: 'admin',
    method: 'PUT',
    path: '/x',
    status: 200,
    outcome: 'done',
    client: '::1',
  };
  for (let count = 0; count < 7; count += 1) {
    log.write({ ...action, path: `/${count}` });
    await log.close();
    await clock.advance(3 * 3_600_000);
  }
  const seen: string[] = [];
  for (let part = await log.read(undefined, 3); ; part = await log.read(part.next, 3)) {
    seen.push(...part.entries.map(({ path }) => path));
    if (part.next === undefined) break;
  }
  expect(seen).toEqual(['/6', '/5', '/4', '/3', '/2', '/1', '/0']);
  await engine.close(100);
});
