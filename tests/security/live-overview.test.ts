import { afterEach, describe, expect, test } from 'vitest';
import type { AuthenticatedUser } from '../../dashboard/sign-in/authenticate.ts';
import { openTestDashboard, type TestDashboardOptions } from '../support/dashboard.ts';
import { inMemory } from '../support/memory-case.ts';
import { readStream } from '../support/served-api.ts';
import { waitFor } from '../support/wait-for.ts';

const SOON = { lookMs: 100, askAgainMs: 100 };

/** What somebody tries at what open pages are sent. */
describe('the live overview', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
  async function setup(options: Omit<TestDashboardOptions, 'fixture'> = {}) {
    const dashboard = await openTestDashboard({ fixture: await inMemory.open(), pace: SOON, ...options });
    cleanups.push(() => dashboard.close());
    return dashboard;
  }

  test('is sent to nobody who has not signed in', async () => {
    const dashboard = await setup();
    for (const cookie of ['', 'shiftwork=nobody']) {
      const { status, events } = await readStream(`${dashboard.url}/live`, { cookie });
      expect([status, events]).toEqual([401, []]);
    }
  });

  test('ends after a sign-out, and says nothing of the work from then on', async () => {
    const dashboard = await setup();
    const [cookie, other] = [await dashboard.signIn('viewer'), await dashboard.signIn('admin')];
    const stream = await readStream(`${dashboard.url}/live`, { cookie });
    const stays = await readStream(`${dashboard.url}/live`, { cookie: other });
    await waitFor('both to be shown something', () => stream.events.length * stays.events.length > 0);
    const headers = { origin: dashboard.url, cookie, 'content-type': 'application/json' };
    expect((await dashboard.send('/sign-out', { method: 'POST', headers, body: '{}' })).status).toBe(204);
    await stream.ended;
    expect(stream.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'not-allowed' } });
    expect((await readStream(`${dashboard.url}/live`, { cookie })).status).toBe(401);
    const seen = stays.events.length;
    await waitFor('the other one to go on', () => stays.events.length > seen);
    stays.leave();
  });

  test('ends when the app that knows its people takes somebody out, gives another role, or fails', async () => {
    let said: () => AuthenticatedUser | undefined = () => ({ name: 'ada', role: 'admin' });
    const dashboard = await setup({ users: false, authenticate: () => said() });
    const changes: (typeof said)[] = [
      () => undefined,
      () => ({ name: 'ada', role: 'viewer' }),
      () => {
        throw new Error('the people are away');
      },
    ];
    for (const change of changes) {
      said = () => ({ name: 'ada', role: 'admin' });
      const stream = await readStream(`${dashboard.url}/live`);
      await waitFor('it to be shown something', () => stream.events.length > 0);
      said = change;
      await stream.ended;
      expect(stream.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'not-allowed' } });
    }
  });

  test('takes a bounded number of streams from one person, and a bad range is the usual one', async () => {
    const dashboard = await setup();
    const cookie = await dashboard.cookieOf('viewer');
    const streams: Awaited<ReturnType<typeof readStream>>[] = [];
    for (let nth = 0; nth < 21; nth += 1) {
      streams.push(await readStream(`${dashboard.url}/live?range=%27%3Cscript%3E`, { cookie }));
    }
    expect(streams.map(({ status }) => status)).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
    await waitFor('one to be shown something', () => (streams[0]?.events.length ?? 0) > 0);
    expect(JSON.stringify(streams[0]?.events)).not.toContain('<script>');
    expect((await readStream(`${dashboard.url}/live`, { cookie: await dashboard.cookieOf('admin') })).status).toBe(200);
    for (const stream of streams) stream.leave();
  });
});
