import { afterEach, describe, expect, test } from 'vitest';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { engineCases } from '../../tests/support/engines.ts';
import { parseExposition } from '../../tests/support/exposition.ts';
import { waitFor } from '../../tests/support/wait-for.ts';

const token = 'a-token-of-enough-characters';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

describe.each(engineCases)('metrics of the dashboard on $kind', engineCase => {
  async function open(options: { metricsToken?: string } = {}): Promise<TestDashboard> {
    const fixture = await engineCase.open();
    const dashboard = await openTestDashboard({ fixture, ...options });
    cleanups.push(
      () => fixture.cleanup(),
      () => dashboard.close(),
    );
    return dashboard;
  }

  test('are one valid exposition of how the queues stand, without a word of what is in them', async () => {
    const dashboard = await open({ metricsToken: token });
    const queue = await dashboard.queue('email');
    await queue.add('letter', { to: 'ada@example.com', body: 'secret' }, { jobId: 'email-one' });
    await queue.add('made-up@example.com', {}, { delay: 60_000 });
    const ask = () => dashboard.send('/metrics', { headers: { authorization: `Bearer ${token}` } });
    // Until every queue is open there is nothing to say of any.
    const told = ['shiftwork_queue_depth{', 'shiftwork_scaling_processes{'];
    await waitFor('the queues to be read', async () => {
      const text = await (await ask()).text();
      return told.every(series => text.includes(series));
    });
    const answer = await ask();
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = await answer.text();
    const { value } = parseExposition(text);
    expect(value('shiftwork_queue_depth', { queue: 'email', state: 'waiting' })).toBe(1);
    expect(value('shiftwork_queue_depth', { queue: 'email', state: 'delayed' })).toBe(1);
    expect(value('shiftwork_queue_oldest_due_seconds', { queue: 'email' })).toBeGreaterThanOrEqual(0);
    expect(value('shiftwork_engine_up')).toBe(1);
    expect(value('shiftwork_queue_bytes', { queue: 'email', kind: 'waiting' })).toBeGreaterThan(50);
    expect(value('shiftwork_scaling_processes', { queue: 'email', which: 'now' })).toBe(0);
    expect(text).not.toMatch(/@example|secret|email-one|127\.0\.0\.1/);
  });

  test('are for whoever shows the token or has signed in, and for nobody else', async () => {
    const dashboard = await open({ metricsToken: token });
    const status = async (headers: Record<string, string>) => (await dashboard.send('/metrics', { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: `Bearer ${token}x` })).toBe(401);
    expect(await status({ authorization: `Basic ${token}` })).toBe(401);
    expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await status({ cookie: await dashboard.cookieOf('viewer') })).toBe(200);
    // The token opens this one address.
    const bearer = { authorization: `Bearer ${token}` };
    expect((await dashboard.send('/queues/api/queues', { headers: bearer })).status).toBe(401);
    expect((await dashboard.send('/metrics', { method: 'POST', headers: bearer })).status).toBe(403);
  });

  test('without a token are for people alone', async () => {
    const dashboard = await open();
    const headers = { authorization: 'Bearer undefined' };
    expect((await dashboard.send('/metrics', { headers })).status).toBe(401);
  });
});
