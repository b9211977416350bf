import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stockWorker } from '../../tests/support/stock-worker.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { breakStoredJob } from '../../tests/support/break-job.ts';
import { engineCases, namespace, redisUrl, type EngineFixture } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine } from '../../src/engine/index.ts';

interface ShownQueue {
  readonly name: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly jobs: readonly { readonly id: string; readonly name: string; readonly data: unknown }[];
}

describe.each(engineCases)('Bull Board on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let dashboard: TestDashboard;
  let admin: string;

  beforeAll(async () => {
    fixture = await open();
    dashboard = await openTestDashboard({ fixture });
    admin = await dashboard.cookieOf('admin');
  });
  afterAll(async () => {
    await dashboard.close();
    await fixture.cleanup();
  });

  const json = async (path: string): Promise<unknown> => (await dashboard.call('GET', path, admin)).json();
  const queues = async (active: string): Promise<readonly ShownQueue[]> =>
    ((await json(`/queues?activeQueue=${active}&jobsPerPage=50`)) as { queues: ShownQueue[] }).queues;

  test('shows every queue of the app, in its order, with the counts', async () => {
    await (await dashboard.queue('analytics')).add('visit', { page: '/counted' }, { priority: 20 });
    const shown = await queues('analytics');
    expect(shown.map(({ name }) => name)).toEqual(['email', 'analytics', 'notification']);
    expect(shown[1]?.counts['prioritized']).toBeGreaterThanOrEqual(1);
  });

  test.each([
    '%00',
    'email-%00',
    'a:b',
    '%7Bx%7D',
    '%0d%0aSet-Cookie:%20x',
    '123',
    '__proto__',
    '%F0%9F%92%A9',
    'x'.repeat(5_000),
  ])('case 15: an id such as %s names no job, and nothing fails on it', async id => {
    const before = dashboard.failures.length;
    for (const path of [`/queues/email/${id}`, `/queues/email/${id}/logs`, `/queues/email/${id}/flow`]) {
      expect([200, 400, 404]).toContain((await dashboard.call('GET', path, admin)).status);
    }
    for (const query of [`status=${id}`, `activeQueue=${id}`, `page=${id}`]) {
      expect([200, 400]).toContain((await dashboard.call('GET', `/queues?${query}`, admin)).status);
    }
    for (const path of [`/dead-letters/${id}`, `/running?id=${id}`, `/dead-letters?cause=${id}`]) {
      expect([200, 400, 404]).toContain((await dashboard.send(path, { headers: { cookie: admin } })).status);
    }
    expect(dashboard.failures).toHaveLength(before);
  });

  test.each(['/queues?activeQueue=%25', '/queues?activeQueue=%25E0', '/job-schedulers?queueName=%25E0%25A4'])(
    '%s names no queue and is 400',
    async path => {
      const before = dashboard.failures.length;
      expect((await dashboard.call('GET', path, admin)).status).toBe(400);
      expect(dashboard.failures).toHaveLength(before);
    },
  );

  test('sensitive fields are redacted in every view of a job, and their values in every other text of it', async () => {
    const queue = await dashboard.queue('email');
    const secrets = ['ann@private.example', 'tok-5417-secret', 'line-code-99'];
    const [to = '', token = '', code = ''] = secrets;
    const job = await queue.add(
      'letter',
      { to, token, body: `for ${to}`, lines: [{ code }, { code: 'plain' }] },
      { delay: 3_600_000, jobId: 'email-redacted', telemetry: { metadata: JSON.stringify({ c: `about ${to}` }) } },
    );
    await job.log(`sent to ${to.toUpperCase()} with ${encodeURIComponent(token)}`);
    await job.updateProgress({ at: to });
    const views = [
      await json('/queues/email/email-redacted'),
      await json('/queues/email/email-redacted/logs'),
      await json('/queues/email/email-redacted/flow'),
      await queues('email'),
    ];
    const text = JSON.stringify(views);
    for (const secret of secrets) expect(text.toLowerCase()).not.toContain(secret);
    expect(views[0]).toMatchObject({
      job: {
        data: {
          to: '[redacted]',
          token: '[redacted]',
          body: 'for [redacted]',
          lines: [{ code: '[redacted]' }, { code: '[redacted]' }],
        },
      },
    });
    expect(JSON.stringify(views[1])).toContain('sent to [redacted] with [redacted]');
    // What is stored is untouched.
    expect(await (await queue.getJob('email-redacted'))?.data).toMatchObject({ to, token });
  });

  test('a failed job shows its reason, stack and result without the values', async () => {
    const queue = await dashboard.queue('email');
    const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const worker = await stockWorker(
      engine,
      'email',
      async job => {
        if (job.id === 'email-done') return { sent: 'to bob@private.example' };
        throw new Error('550 bob@private.example is no mailbox');
      },
      { name: 'a-worker' },
    );
    try {
      await queue.add('letter', { to: 'bob@private.example', body: 'x' }, { jobId: 'email-failed', attempts: 1 });
      await queue.add('letter', { to: 'bob@private.example', body: 'x' }, { jobId: 'email-done' });
      void worker.run();
      await waitFor('the job to fail', async () => (await queue.getJobState('email-failed')) === 'failed');
      await waitFor('the job to succeed', async () => (await queue.getJobState('email-done')) === 'completed');
      await waitFor('the worker to be listed', async () =>
        JSON.stringify(await json('/queues/email/workers')).includes('"name":"a-worker"'),
      );
    } finally {
      await engine.close(2_000);
    }
    const [failed, done] = [await json('/queues/email/email-failed'), await json('/queues/email/email-done')];
    expect(JSON.stringify([failed, done])).not.toContain('bob@private');
    expect(failed).toMatchObject({ job: { failedReason: '550 [redacted] is no mailbox', isFailed: true } });
    expect(JSON.stringify(failed)).toContain('Error: 550 [redacted] is no mailbox');
    expect(done).toMatchObject({ job: { returnValue: { sent: 'to [redacted]' } } });
  });

  test.each([
    ['an unknown name', 'email', 'mystery', {}],
    ['a name of another queue', 'notification', 'visit', {}],
    ['another version', 'notification', 'nudge', {}],
  ])('a job with %s shows nothing of its data', async (_what, queueName, name, options) => {
    const queue = await dashboard.queue(queueName);
    const jobId = `${queueName}-${name}-hidden`;
    const job = await queue.add(
      name,
      { page: 'hidden-page', text: 'hidden-text', deep: [{ x: 'hidden-deep' }] },
      { jobId, ...options },
    );
    await job.log('it said hidden-text');
    const text = JSON.stringify([
      await json(`/queues/${queueName}/${jobId}`),
      await json(`/queues/${queueName}/${jobId}/logs`),
    ]);
    expect(text).not.toMatch(/hidden-(page|text|deep)/);
    expect(text).toContain('it said [redacted]');
  });

  test.each([
    ['a name of another queue', 'email', 'nudge', '{"v":2}', false],
    ['another version', 'notification', 'nudge', '{"v":1}', false],
    ['a contract of its queue and version', 'notification', 'nudge', '{"v":2}', true],
  ])('a job scheduler with %s shows its data by that alone', async (_what, queueName, name, metadata, shown) => {
    const queue = await dashboard.queue(queueName);
    const template = { name, data: { text: 'template-text' }, opts: { telemetry: { metadata } } };
    await queue.upsertJobScheduler('a-scheduler', { every: 3_600_000 }, template);
    try {
      const text = JSON.stringify(await json(`/job-schedulers?queueName=${queueName}`));
      expect(text).toContain('a-scheduler');
      expect(text.includes('template-text')).toBe(shown);
    } finally {
      await queue.removeJobScheduler('a-scheduler');
    }
  });

  test('a job of a known contract without sensitive fields is shown as it is', async () => {
    await (
      await dashboard.queue('notification')
    ).add('nudge', { text: 'hello' }, { jobId: 'notification-plain', telemetry: { metadata: '{"v":2}' } });
    expect(await json('/queues/notification/notification-plain')).toMatchObject({ job: { data: { text: 'hello' } } });
  });

  test('editing or adding a job with sensitive fields is denied, and says why', async () => {
    const queue = await dashboard.queue('email');
    await queue.add('letter', { to: 'eve@private.example', body: 'x' }, { jobId: 'email-edited' });
    const edit = await dashboard.call('PATCH', '/queues/email/email-edited/update-data', admin, {
      jobData: { to: '[redacted]', body: 'y' },
    });
    const add = await dashboard.call('POST', '/queues/email/add', admin, {
      name: 'letter',
      data: { to: '[redacted]', body: 'y' },
      options: {},
    });
    for (const answer of [edit, add]) {
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('sensitive fields');
    }
    expect((await queue.getJob('email-edited'))?.data).toMatchObject({ to: 'eve@private.example' });
  });

  test('cases 12, 13 and 16: a job that is added or edited by hand passes the checks of a producer', async () => {
    const post = (body: unknown) => dashboard.call('POST', '/queues/analytics/add', admin, body);
    const bad = [
      { name: 'visit', data: { page: 7 }, options: {} },
      { name: 'nobody', data: {}, options: {} },
      { name: 'visit', data: { page: '/x' }, options: { attempts: 1e9 } },
      { name: 'visit', data: { page: '/x' }, options: { delay: 1e15 } },
      { name: 'visit', data: { page: '/x' }, options: { repeat: { every: 1 } } },
    ];
    for (const body of bad) expect((await post(body)).status).toBe(400);
    const added = await post({ name: 'visit', data: { page: '/by-hand' }, options: {} });
    expect(added.status).toBe(200);
    const { job } = (await added.json()) as { job: { id: string } };
    expect(job.id).toMatch(/^analytics-/);
    const path = `/queues/analytics/${job.id}/update-data`;
    expect((await dashboard.call('PATCH', path, admin, { jobData: { page: 7 } })).status).toBe(400);
    expect((await dashboard.call('PATCH', path, admin, { jobData: { page: '/edited' } })).status).toBe(200);
    const poisoned = await dashboard.send('/queues/api/queues/analytics/add', {
      method: 'POST',
      headers: { origin: dashboard.url, cookie: admin, 'content-type': 'application/json' },
      body: '{"name":"visit","data":{"page":"/x","__proto__":{"polluted":1}},"options":{}}',
    });
    expect(poisoned.status).toBe(400);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('a job is delayed for a year at most', async () => {
    const queue = await dashboard.queue('analytics');
    const job = await queue.add('visit', { page: '/far' }, { jobId: 'analytics-far', delay: 3_600_000 });
    const delay = async (runAt: number): Promise<number> =>
      (await dashboard.call('PATCH', '/queues/analytics/analytics-far/delay', admin, { runAt })).status;
    for (const runAt of [1e17, 1e300, Date.now() + 366 * 86_400_000]) expect(await delay(runAt)).toBe(400);
    expect((await queue.getJob('analytics-far'))?.delay).toBe(3_600_000);
    expect(await delay(Date.now() + 300 * 86_400_000)).toBe(200);
    await job.remove();
  });

  test('actions work: pause, resume, promote, clean', async () => {
    const queue = await dashboard.queue('analytics');
    await queue.add('visit', { page: '/later' }, { jobId: 'analytics-later', delay: 3_600_000, priority: 20 });
    const operator = await dashboard.cookieOf('operator');
    const put = async (path: string): Promise<number> => (await dashboard.call('PUT', path, operator)).status;
    expect(await put('/queues/analytics/pause')).toBe(200);
    expect(await queue.isPaused()).toBe(true);
    expect(await put('/queues/analytics/resume')).toBe(200);
    expect(await queue.isPaused()).toBe(false);
    expect(await put('/queues/analytics/analytics-later/promote')).toBe(204);
    expect(await queue.getJobState('analytics-later')).toBe('prioritized');
    expect(await put('/queues/analytics/analytics-later/clean')).toBe(403);
    expect((await dashboard.call('PUT', '/queues/analytics/analytics-later/clean', admin)).status).toBe(204);
    expect(await queue.getJob('analytics-later')).toBeUndefined();
    expect(dashboard.actions).toContainEqual(
      expect.objectContaining({
        user: 'operator',
        role: 'operator',
        method: 'PUT',
        path: '/queues/api/queues/analytics/pause',
        outcome: 'done',
      }),
    );
  });

  test.each(['wait', 'active', 'paused', 'prioritized', 'delayed'])(
    'an operator cannot empty the list of %s jobs, an admin can',
    async status => {
      const path = `/queues/analytics/clean/${status}`;
      const refused = await dashboard.call('PUT', path, await dashboard.cookieOf('operator'));
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain('needs the role admin');
      expect((await dashboard.call('PUT', path, admin)).status).toBe(200);
    },
  );

  test.each(['bogus', 'constructor', '__proto__', 'Delayed', 'completed%20'])('no list is named %s', async status => {
    expect((await dashboard.call('PUT', `/queues/analytics/clean/${status}`, admin)).status).toBe(400);
  });

  test('what has succeeded is removed by operators; what has failed by nobody here, nor run again', async () => {
    const queue = await dashboard.queue('notification');
    const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const worker = await stockWorker(
      engine,
      'notification',
      async job => {
        if (job.id === 'notification-fails') throw new Error('no');
      },
      { name: 'w' },
    );
    await queue.add('nudge', { text: 'x' }, { jobId: 'notification-fails', attempts: 1 });
    await queue.add('nudge', { text: 'x' }, { jobId: 'notification-succeeds' });
    void worker.run();
    await waitFor('failure', async () => (await queue.getJobState('notification-fails')) === 'failed');
    await waitFor('success', async () => (await queue.getJobState('notification-succeeds')) === 'completed');
    await engine.close(2_000);
    const operator = await dashboard.cookieOf('operator');
    for (const cookie of [operator, admin]) {
      for (const path of ['clean/failed', 'retry/failed', 'notification-fails/clean', 'notification-fails/retry']) {
        const answer = await dashboard.call('PUT', `/queues/notification/${path}`, cookie);
        expect([path, answer.status]).toEqual([path, 403]);
        expect(await answer.text()).toContain('/dead-letters');
      }
    }
    expect(await queue.getJobState('notification-fails')).toBe('failed');
    const remove = (id: string) => dashboard.call('PUT', `/queues/notification/${id}/clean`, operator);
    expect((await remove('notification-succeeds')).status).toBe(204);
  });

  test('the figures of the engine and the lists that a page asks for do not fail', async () => {
    for (const path of [
      '/redis/stats',
      '/job-schedulers',
      '/queues/email/workers',
      '/queues/email/metrics',
      '/queues/email/rate-limit',
      '/queues/email/default-job-options',
      '/queues/email/job-data-schema',
      '/queues?status=latest&activeQueue=email',
    ]) {
      const answer = await dashboard.call('GET', path, admin);
      expect([path, answer.status]).toEqual([path, 200]);
    }
    expect(dashboard.failures).toEqual([]);
  });

  test('the overview counts what waits and links to each queue', async () => {
    const answer = await dashboard.send('/', { headers: { cookie: admin, accept: 'text/html' } });
    const page = await answer.text();
    expect(answer.status).toBe(200);
    for (const name of ['email', 'analytics', 'notification']) expect(page).toContain(`href="/queues/queue/${name}"`);
    expect(page).toContain('<dt>Processes</dt>');
  });
});

describe('Bull Board over broken and foreign jobs on Redis', () => {
  const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
  let dashboard: TestDashboard;
  beforeAll(async () => {
    dashboard = await openTestDashboard({ fixture, users: false, basePath: '/ops' });
  });
  afterAll(() => dashboard.close());

  test('a job whose stored data is no JSON hides neither the page nor the overview, and can be removed', async () => {
    const queue = await dashboard.queue('notification');
    const telemetry = { metadata: '{"v":2}' };
    await queue.add('nudge', { text: 'whole' }, { jobId: 'notification-whole', priority: 20, telemetry });
    await queue.add('nudge', { text: 'x' }, { jobId: 'notification-broken', priority: 10, telemetry });
    await breakStoredJob(fixture, 'notification', 'notification-broken');
    const list = await dashboard.call('GET', '/queues?activeQueue=notification&jobsPerPage=50');
    expect(list.status).toBe(200);
    const text = await list.text();
    expect(text).toContain('whole');
    expect(text).toContain('(unreadable job)');
    expect((await dashboard.send('/', { headers: { accept: 'text/html' } })).status).toBe(200);
    expect((await dashboard.call('PUT', '/queues/notification/notification-broken/clean')).status).toBe(204);
    expect(await queue.getJobState('notification-broken')).toBe('unknown');
    expect(dashboard.failures).toEqual([]);
  });

  test('a failed job that cannot be read, which is no dead letter to anybody, is removed here', async () => {
    const queue = await dashboard.queue('notification');
    const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const fail = async (): Promise<void> => {
      throw new Error('no');
    };
    await queue.add('nudge', { text: 'x' }, { jobId: 'notification-fails', attempts: 1 });
    void (await stockWorker(engine, 'notification', fail, { name: 'w' })).run();
    await waitFor('the failure', async () => (await queue.getJobState('notification-fails')) === 'failed');
    await engine.close(2_000);
    const path = '/queues/notification/notification-fails/clean';
    expect((await dashboard.call('PUT', path)).status).toBe(403);
    await breakStoredJob(fixture, 'notification', 'notification-fails');
    expect((await dashboard.call('PUT', path)).status).toBe(204);
    expect(await queue.getJobState('notification-fails')).toBe('unknown');
  });

  test('a flow shows no result of its jobs', async () => {
    const queue = await dashboard.queue('email');
    const job = await queue.add('letter', { to: 'a@private.example', body: 'x' }, { jobId: 'email-flow' });
    await job.updateProgress({ at: 'a@private.example' });
    const flow = await dashboard.call('GET', '/queues/email/email-flow/flow');
    expect(flow.status).toBe(200);
    const text = await flow.text();
    expect(text).toContain('email-flow');
    expect(text).not.toContain('private.example');
  });

  test('mounted under a path, every link and asset stays under it', async () => {
    const overview = await (await dashboard.send('/', { headers: { accept: 'text/html' } })).text();
    const board = await (await dashboard.send('/queues/')).text();
    expect(board).toContain('<base href="/ops/queues/" />');
    for (const [, link = ''] of overview.matchAll(/(?:href|src)="([^"]*)"/g)) expect(link).toMatch(/^(\/ops\/|#main$)/);
  });

  test.each(['/dead-letters/nope', '/projections', '/queues/%E0%A4%A', '/nothing', '/nothing/below/it'])(
    'what is said at %s has the style of the dashboard and leads back to it',
    async path => {
      const said = await (await dashboard.send(path, { headers: { accept: 'text/html' } })).text();
      const links = [...said.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link);
      expect(links).toContain('/ops/');
      expect(links).toContain('/ops/assets/dashboard.css');
      for (const link of links) expect(link).toMatch(/^(\/ops\/($|assets\/)|#main$)/);
    },
  );
});
