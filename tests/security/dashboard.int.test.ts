import { request as rawRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDashboard } from '../../dashboard/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { InvalidConfigError } from '../../src/config/index.ts';
import { openTestDashboard, sampleApp, sessionCookie, type TestDashboard } from '../support/dashboard.ts';
import { PASSWORD } from '../support/sample-users.ts';
import { engineCases, namespace, redisUrl, type EngineFixture } from '../support/engines.ts';

const fixture: EngineFixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
let dashboard: TestDashboard;
const cookies = { viewer: '', operator: '', admin: '' };

beforeAll(async () => {
  dashboard = await openTestDashboard({ fixture });
  for (const name of ['viewer', 'operator', 'admin'] as const) cookies[name] = await dashboard.cookieOf(name);
  await (await dashboard.queue('email')).add('letter', { to: 'x@y.example', body: 'b' }, { jobId: 'email-one' });
});
afterAll(() => dashboard.close());

/** Every path that the dashboard serves to people who have signed in. */
const CLOSED = [
  '/',
  '/queues',
  '/queues/',
  '/queues/queue/email',
  '/queues/queue/email/email-one',
  '/queues/static/favicon-32x32.png',
  '/queues/static/js/main.js',
  '/queues/api/queues',
  '/queues/api/queues/email/email-one',
  '/queues/api/redis/stats',
  '/metrics',
  '/dead-letters',
  '/dead-letters/email-one',
  '/running',
  '/running?id=email-one',
  '/workers',
  '/projections',
  '/audit',
  '/schedules',
  '/nothing-here',
];

/** Sends the path exactly as it is written; fetch would tidy it. */
function sendRaw(path: string, method = 'GET', headers: Record<string, string> = {}) {
  const { hostname, port } = new URL(dashboard.url);
  return new Promise<{ status: number; body: string; location: string | undefined }>((resolve, reject) => {
    const sent = rawRequest({ hostname, port, path, method, headers, agent: false }, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, location: response.headers.location }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

function post(path: string, headers: Record<string, string>, body = '{}', method = 'POST'): Promise<Response> {
  return dashboard.send(path, { method, headers, body });
}

describe('case 1: without a session', () => {
  test.each(CLOSED)(
    '%s is 401 to a program and leads a person to the sign-in, without a queue in sight',
    async path => {
      const program = await dashboard.send(path);
      expect(program.status).toBe(401);
      const person = await dashboard.send(path, { headers: { accept: 'text/html' } });
      expect(person.status).toBe(302);
      expect(person.headers.get('location')).toMatch(/^\/sign-in\?/);
      expect(await program.text()).not.toMatch(/email|analytics|notification/);
      expect(await (await dashboard.send('/sign-in')).text()).not.toMatch(/analytics|notification/);
    },
  );

  test('health is open and tells nothing', async () => {
    for (const path of ['/livez', '/readyz']) {
      const answer = await dashboard.send(path);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toMatch(/^\{"status":"(alive|ready)"\}$/);
    }
  });
});

describe('case 2: other spellings of a path', () => {
  test.each([
    '/%71ueues',
    '/%71ueues/api/queues',
    '//queues',
    '//queues//api/queues',
    '/QUEUES/api/queues',
    '/queues/',
    '/queues/api/queues/',
    '/sign-in/..;/queues/api/queues',
    '/sign-in/../queues/api/queues',
    '/sign-in/%2e%2e/queues/api/queues',
    '/assets/../queues/api/queues',
    '/assets/..%2fqueues/api/queues',
    '/livez/../queues/api/queues',
    '/livez;/queues/api/queues',
    '/queues/api/queues?next=/sign-in',
    '/queues/api/queues#/sign-in',
    'http://127.0.0.1/queues/api/queues',
    '/queues\\api\\queues',
    '/queues/api/queues%00',
    '/%',
  ])('%s opens nothing', async path => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PURGE']) {
      const answer = await sendRaw(path, method);
      expect([400, 401, 403]).toContain(answer.status);
      expect(answer.body).not.toMatch(/"queues"|analytics|notification/);
    }
  });
});

describe('case 3: a start that would be open', () => {
  test('production without users is refused, and the variable is named', () => {
    const engine = openEngine({ ...fixture, role: 'producer' });
    const start = () => createDashboard({ app: sampleApp, engine, users: [], production: true });
    expect(start).toThrow(InvalidConfigError);
    expect(start).toThrow('DASHBOARD_USERS');
  });

  test('in development without users it answers to this machine by name alone', async () => {
    const open = await openTestDashboard({ fixture, users: false });
    try {
      const port = new URL(open.url).port;
      const status = async (host: string, more: Record<string, string> = {}): Promise<number> =>
        new Promise((resolve, reject) => {
          const sent = rawRequest({ host: '127.0.0.1', port, path: '/queues/api/queues', agent: false }, answer => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          });
          sent.setHeader('host', host);
          for (const [name, value] of Object.entries(more)) sent.setHeader(name, value);
          sent.on('error', reject);
          sent.end();
        });
      for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', '[::1]:80', 'a.localhost']) {
        expect([host, await status(host)]).toEqual([host, 200]);
      }
      for (const host of [
        'evil.example',
        'localhost.evil.example',
        '127.0.0.1.nip.example',
        '10.0.0.1',
        '',
        'evil.example:80',
      ]) {
        expect([host, await status(host)]).toEqual([host, 403]);
      }
      expect(await status('localhost', { 'x-forwarded-for': '203.0.113.9' })).toBe(403);
    } finally {
      await open.close();
    }
  });
});

interface Mutation {
  readonly method: string;
  readonly path: string;
  readonly role: 'operator' | 'admin';
  readonly body?: unknown;
}

/** Each route of Bull Board that changes something, with the least role that may call it. */
const MUTATING: readonly Mutation[] = [
  { method: 'PUT', path: '/queues/pause', role: 'operator' },
  { method: 'PUT', path: '/queues/resume', role: 'operator' },
  { method: 'PUT', path: '/queues/email/pause', role: 'operator' },
  { method: 'PUT', path: '/queues/email/resume', role: 'operator' },
  { method: 'PUT', path: '/queues/email/promote', role: 'operator' },
  { method: 'PUT', path: '/queues/email/clean/completed', role: 'operator' },
  { method: 'PUT', path: '/queues/notification/clean/delayed', role: 'admin' },
  { method: 'PUT', path: '/queues/notification/clean/prioritized', role: 'admin' },
  { method: 'PUT', path: '/queues/email/rate-limit/release', role: 'operator' },
  { method: 'PUT', path: '/queues/email/job-schedulers/none/run', role: 'operator' },
  { method: 'PUT', path: '/queues/email/email-none/retry', role: 'operator' },
  { method: 'PUT', path: '/queues/email/email-none/clean', role: 'operator' },
  { method: 'PUT', path: '/queues/email/email-none/promote', role: 'operator' },
  {
    method: 'POST',
    path: '/queues/analytics/add',
    role: 'admin',
    body: { name: 'visit', data: { page: '/x' }, options: {} },
  },
  { method: 'PUT', path: '/queues/email/concurrency', role: 'admin', body: { concurrency: 0 } },
  { method: 'PUT', path: '/queues/email/rate-limit', role: 'admin', body: { max: null } },
  { method: 'PUT', path: '/queues/notification/empty', role: 'admin' },
  { method: 'PUT', path: '/queues/notification/obliterate', role: 'admin', body: { force: false } },
  { method: 'PUT', path: '/queues/email/job-schedulers/none/remove', role: 'admin' },
  { method: 'PATCH', path: '/queues/email/job-schedulers/none', role: 'admin', body: { every: 1000 } },
  { method: 'PATCH', path: '/queues/email/email-none/update-data', role: 'admin', body: { jobData: {} } },
  { method: 'PATCH', path: '/queues/email/email-none/delay', role: 'admin', body: { runAt: 1 } },
  { method: 'PATCH', path: '/queues/email/email-none/priority', role: 'admin', body: { priority: 1 } },
  { method: 'PUT', path: '/queues/email/email-none/remove-unprocessed-children', role: 'admin' },
];

/** Those that nobody may call: /dead-letters does it, with what belongs to it. */
const REFUSED = ['/queues/email/retry/failed', '/queues/email/retry/completed', '/queues/email/clean/failed'];

/** Those of our own pages. */
const OWN_MUTATING: readonly Mutation[] = [
  { method: 'POST', path: '/dead-letters/replay', role: 'operator', body: { jobId: 'email-none' } },
  { method: 'POST', path: '/dead-letters/discard', role: 'admin', body: { jobId: 'email-none', reason: 'x' } },
  { method: 'POST', path: '/dead-letters/tasks', role: 'operator', body: { id: 'none', do: 'pause' } },
  { method: 'POST', path: '/dead-letters/cause', role: 'operator', body: { fingerprint: 'none' } },
  { method: 'POST', path: '/running/cancel', role: 'operator', body: { jobId: 'email-none' } },
  { method: 'POST', path: '/workers/quiet', role: 'operator', body: { name: 'none' } },
  { method: 'POST', path: '/workers/try', role: 'operator', body: { name: 'none' } },
  { method: 'POST', path: '/workers/stop', role: 'operator', body: { name: 'none' } },
  { method: 'POST', path: '/workers/resume', role: 'operator', body: { name: 'none' } },
  { method: 'POST', path: '/schedules/run', role: 'operator', body: { name: 'none' } },
  { method: 'POST', path: '/schedules/pause', role: 'operator', body: { name: 'none' } },
  { method: 'POST', path: '/schedules/resume', role: 'operator', body: { name: 'none' } },
];

describe('case 4: roles', () => {
  test.each(OWN_MUTATING)(
    '$method $path needs $role: less is refused and recorded, enough is not',
    async ({ method, path, role, body }) => {
      const send = (name: keyof typeof cookies): Promise<Response> => {
        const headers = { origin: dashboard.url, cookie: cookies[name], 'content-type': 'application/json' };
        return dashboard.send(path, { method, headers, body: JSON.stringify(body) });
      };
      for (const name of role === 'admin' ? (['viewer', 'operator'] as const) : (['viewer'] as const)) {
        const before = dashboard.actions.length;
        expect((await send(name)).status).toBe(403);
        expect(dashboard.actions.slice(before)).toEqual([
          expect.objectContaining({ user: name, method, path, status: 403, outcome: 'refused' }),
        ]);
      }
      expect([401, 403, 415]).not.toContain((await send(role)).status);
    },
  );

  test.each(MUTATING)(
    '$method $path needs $role: less is refused and recorded, enough is not',
    async ({ method, path, role, body }) => {
      const lesser = role === 'admin' ? (['viewer', 'operator'] as const) : (['viewer'] as const);
      for (const name of lesser) {
        const before = dashboard.actions.length;
        expect((await dashboard.call(method, path, cookies[name], body)).status).toBe(403);
        expect(dashboard.actions.slice(before)).toEqual([
          expect.objectContaining({
            user: name,
            role: name,
            method,
            path: `/queues/api${path}`,
            status: 403,
            outcome: 'refused',
          }),
        ]);
      }
      expect([401, 403, 415]).not.toContain((await dashboard.call(method, path, cookies[role], body)).status);
    },
  );

  test.each(REFUSED)('PUT %s is refused to everybody', async path => {
    for (const cookie of Object.values(cookies)) {
      expect((await dashboard.call('PUT', path, cookie)).status).toBe(403);
    }
  });

  test.each(['/queues/api/queues/email/pause/', '/queues/API/queues/email/pause', '/queues/api/queues/email/%70ause'])(
    'a viewer cannot act through %s',
    async path => {
      await (await dashboard.queue('email')).resume();
      for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
        const headers = { origin: dashboard.url, cookie: cookies.viewer, 'content-type': 'application/json' };
        expect((await post(path, headers, '{}', method)).status).toBe(403);
      }
      expect(await (await dashboard.queue('email')).isPaused()).toBe(false);
    },
  );

  test('no page makes, changes or removes a schedule, not even for an admin: that is for the app and for who has the engine', async () => {
    const headers = { origin: dashboard.url, cookie: cookies.admin, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'digest:1', cron: '* * * * *', job: 'x', dryRun: false });
    for (const path of ['/schedules', '/schedules/upsert', '/schedules/remove', '/schedules/digest%3A1'])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
        expect([path, method, (await dashboard.send(path, { method, headers, body })).status]).toEqual([
          path,
          method,
          404,
        ]);
  });

  test('reading never changes anything: GET and HEAD on every changing path', async () => {
    const email = await dashboard.queue('email');
    const notification = await dashboard.queue('notification');
    await email.resume();
    const kept = await notification.add('nudge', { text: 'stays' });
    for (const { path } of MUTATING) {
      for (const method of ['GET', 'HEAD']) await dashboard.call(method, path, cookies.admin);
    }
    expect(await email.isPaused()).toBe(false);
    expect(await notification.getJob(kept.id ?? '')).toBeDefined();
  });
});

describe('case 5: requests that another site makes a browser send', () => {
  const json = { 'content-type': 'application/json' };
  test.each([
    ['no word of where it comes from', {}],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['an Origin that begins like ours', { origin: 'http://127.0.0.1.evil.example' }],
    ['our host on another port', { origin: 'http://127.0.0.1:1' }],
    ['the Origin null', { origin: 'null' }],
    ['the Origin null from another site', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site', origin: 'SELF' }],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site', origin: 'SELF' }],
    ['Sec-Fetch-Site: none', { 'sec-fetch-site': 'none', origin: 'SELF' }],
    [
      'Sec-Fetch-Site: same-origin with a foreign Origin',
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    ],
  ])('%s is 403, and recorded', async (_what, given) => {
    await (await dashboard.queue('email')).resume();
    const headers = Object.fromEntries(
      Object.entries({ ...json, cookie: cookies.admin, ...given }).map(([name, value]) => [
        name,
        value === 'SELF' ? dashboard.url : value,
      ]),
    );
    const before = dashboard.actions.length;
    expect((await post('/queues/api/queues/email/pause', headers, '{}', 'PUT')).status).toBe(403);
    expect((await post('/sign-out', headers)).status).toBe(403);
    expect((await post('/sign-in', headers)).status).toBe(403);
    expect(dashboard.actions.slice(before).map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused']);
    expect(await (await dashboard.queue('email')).isPaused()).toBe(false);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
    'application/jsonp',
    undefined,
  ])('a POST of type %s to the API is 415', async type => {
    const headers = {
      origin: dashboard.url,
      cookie: cookies.admin,
      ...(type === undefined ? {} : { 'content-type': type }),
    };
    const body = Buffer.from('{"name":"visit","data":{"page":"/forged"},"options":{}}');
    const answer = await fetch(`${dashboard.url}/queues/api/queues/analytics/add`, { method: 'POST', headers, body });
    expect(answer.status).toBe(415);
  });

  test('a sign-out form without the session’s token is refused', async () => {
    const headers = {
      origin: dashboard.url,
      cookie: cookies.admin,
      'content-type': 'application/x-www-form-urlencoded',
    };
    for (const body of ['', 'token=', 'token=undefined', `token=${'A'.repeat(43)}`]) {
      expect((await post('/sign-out', headers, body)).status).toBe(403);
    }
    expect((await dashboard.send('/', { headers: { cookie: cookies.admin } })).status).toBe(200);
  });
});

test.each(['https://evil.example', 'null'])('case 6: no answer allows the origin %s to read it', async origin => {
  for (const path of [
    '/',
    '/queues/',
    '/queues/api/queues',
    '/sign-in',
    '/livez',
    '/queues/static/favicon-32x32.png',
  ]) {
    for (const method of ['GET', 'OPTIONS']) {
      const headers = { origin, cookie: cookies.admin, 'access-control-request-method': 'PUT' };
      const answer = await dashboard.send(path, { method, headers });
      for (const name of answer.headers.keys()) expect(name).not.toMatch(/^access-control-/);
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  }
});

test('case 7: no page can be framed, sniffed, cached or read past its policy', async () => {
  for (const path of ['/', '/queues/', '/queues/queue/email', '/queues/api/queues', '/sign-in', '/nothing', '/livez']) {
    const { headers } = await dashboard.send(path, { headers: { cookie: cookies.admin, accept: 'text/html' } });
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toContain("base-uri 'self'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe(path === '/sign-in' ? 'same-origin' : 'no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  }
});

test('case 8: the page of Bull Board names no other host and no script stands in it', async () => {
  const answer = await dashboard.send('/queues/queue/email', { headers: { cookie: cookies.admin } });
  const page = await answer.text();
  expect(page).toContain('__UI_CONFIG__');
  expect(page).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
  for (const [, attributes = ''] of page.matchAll(/<script\b([^>]*)>/g)) {
    expect(attributes).toMatch(/src="(static\/js|\/assets)\/|type="application\/json"/);
  }
  expect(answer.headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe/);
});

describe('case 9: guessing passwords', () => {
  // The clock stands, the machine's and so the engine's as it is counted here: no wait ends meanwhile, however slow the machine.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  const guess = (board: TestDashboard, index: number, name = 'viewer'): Promise<Response> =>
    board.send('/sign-in', {
      method: 'POST',
      headers: {
        origin: board.url,
        'content-type': 'application/json',
        'x-forwarded-for': `203.0.113.${index % 250}, 198.51.100.${index % 240}`,
      },
      body: JSON.stringify({ name, password: `guess number ${index}` }),
    });

  test('1,000 tries from rotating X-Forwarded-For are turned away with 429 and a growing wait', async () => {
    const board = await openTestDashboard({ fixture });
    try {
      const statuses = new Map<number, number>();
      for (let start = 0; start < 1_000; start += 50) {
        const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => guess(board, start + index)));
        for (const { status, headers } of answers) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          expect(Number(headers.get('retry-after') ?? 0) >= 1).toBe(status === 429);
        }
      }
      expect(Object.fromEntries(statuses)).toEqual({ 401: 5, 429: 995 });
    } finally {
      await board.close();
    }
  });

  test('behind a configured proxy each client is counted by what that proxy wrote, and a name by itself', async () => {
    const board = await openTestDashboard({ fixture, trustProxy: 1 });
    try {
      // One client, many names: its own count stops it.
      const sent = (client: string, name: string): Promise<Response> =>
        board.send('/sign-in', {
          method: 'POST',
          headers: { origin: board.url, 'content-type': 'application/json', 'x-forwarded-for': `1.2.3.4, ${client}` },
          body: JSON.stringify({ name, password: 'a guess' }),
        });
      const one = await Promise.all(Array.from({ length: 20 }, (_, index) => sent('198.51.100.7', `name${index}`)));
      expect(one.map(({ status }) => status).toSorted()).toEqual([...Array(8).fill(401), ...Array(12).fill(429)]);
      expect((await sent('198.51.100.8', 'someone')).status).toBe(401);
      // Many clients, one name: known and unknown names are treated alike.
      for (const name of ['locked', 'nobody']) {
        const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => sent(`192.0.2.${index}`, name)));
        const statuses = answers.map(({ status }) => status).toSorted();
        expect([name, ...statuses]).toEqual([name, 401, 401, 401, 401, 401, 429]);
      }
    } finally {
      await board.close();
    }
  });
});

describe('case 10: wrong tokens and passwords', () => {
  test.each([
    '',
    'x',
    PASSWORD.slice(0, 5),
    `${PASSWORD} `,
    'x'.repeat(7_000),
    '\u0000',
    '\ud800',
    42,
    null,
    ['a'],
    { $ne: 1 },
  ])('the password %j is plainly wrong', async password => {
    const board = await openTestDashboard({ fixture });
    try {
      const answer = await board.send('/sign-in', {
        method: 'POST',
        headers: { origin: board.url, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'admin', password }),
      });
      expect(answer.status).toBe(401);
      expect(answer.headers.getSetCookie()).toEqual([]);
    } finally {
      await board.close();
    }
  });

  test('a session id of the wrong length, cut short, or of another shape opens nothing and breaks nothing', async () => {
    const [name = '', id = ''] = cookies.admin.split('=');
    const wrong = [
      '',
      'x',
      id.slice(0, 20),
      id.slice(0, 42),
      `${id}x`,
      `${id}${id}`,
      'A'.repeat(5_000),
      '__proto__',
      '%00',
      '"',
    ];
    for (const value of wrong) {
      expect((await dashboard.send('/', { headers: { cookie: `${name}=${value}` } })).status).toBe(401);
    }
    expect((await dashboard.send('/', { headers: { cookie: `a; =b; ${cookies.admin}; c=` } })).status).toBe(200);
  });

  test.each(['not json', '[]', '"x"', 'null', '{"name":', ''])('the sign-in body %j is no 500', async body => {
    const answer = await post('/sign-in', { origin: dashboard.url, 'content-type': 'application/json' }, body);
    expect([400, 401, 429]).toContain(answer.status);
  });
});

describe('case 11: sessions', () => {
  test('signing in makes a new id, and the one that the browser brought is over', async () => {
    const planted = 'A'.repeat(43);
    const signIn = (cookie: string): Promise<Response> =>
      dashboard.send('/sign-in', {
        method: 'POST',
        headers: { origin: dashboard.url, 'content-type': 'application/json', cookie },
        body: JSON.stringify({ name: 'operator', password: PASSWORD }),
      });
    const first = sessionCookie(await signIn(`shiftwork=${planted}`));
    expect(first).not.toContain(planted);
    expect((await dashboard.send('/', { headers: { cookie: `shiftwork=${planted}` } })).status).toBe(401);
    const second = sessionCookie(await signIn(first));
    expect(second).not.toBe(first);
    expect((await dashboard.send('/', { headers: { cookie: first } })).status).toBe(401);
    expect((await dashboard.send('/', { headers: { cookie: second } })).status).toBe(200);
  });

  test('after signing out the session is gone on the server', async () => {
    const cookie = await dashboard.signIn('viewer');
    const page = await (await dashboard.send('/', { headers: { cookie, accept: 'text/html' } })).text();
    const token = /name="token" value="([\w-]{43})"/.exec(page)?.[1];
    const headers = { origin: dashboard.url, cookie, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await post('/sign-out', headers, `token=${token}`);
    expect(answer.status).toBe(303);
    expect((await dashboard.send('/', { headers: { cookie } })).status).toBe(401);
  });

  test('in production the cookie is bound to the host, https and this site, and HSTS is set', async () => {
    const board = await openTestDashboard({ fixture, production: true });
    try {
      const answer = await board.send('/sign-in', {
        method: 'POST',
        headers: { origin: board.url, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'admin', password: PASSWORD }),
      });
      const set = answer.headers.getSetCookie().find(cookie => cookie.startsWith('__Host-shiftwork='));
      for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) expect(set).toContain(attribute);
      expect(set).not.toContain('Domain');
      expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000');
      expect((await board.send('/', { headers: { cookie: sessionCookie(answer) } })).status).toBe(200);
    } finally {
      await board.close();
    }
  });

  test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/\t/evil.example', 'javascript:alert(1)'])(
    'signing in never leads to %j',
    async next => {
      const page = await dashboard.send(`/sign-in?next=${encodeURIComponent(next)}`, {
        headers: { cookie: cookies.viewer },
      });
      expect(page.status).toBe(303);
      expect(page.headers.get('location')).toBe('/');
    },
  );
});

describe('case 14: bodies', () => {
  test('10 MB is 413, and JSON nested 10,000 deep or cut off is no 500', async () => {
    const headers = { origin: dashboard.url, cookie: cookies.admin, 'content-type': 'application/json' };
    const path = '/queues/api/queues/analytics/add';
    expect((await post(path, headers, JSON.stringify({ name: 'x'.repeat(10_000_000) }))).status).toBe(413);
    expect((await post(path, headers, '{"name":"visit","data":')).status).toBe(400);
    const deep = `{"name":"visit","data":${'['.repeat(10_000)}${']'.repeat(10_000)},"options":{}}`;
    expect((await post(path, headers, deep)).status).toBe(400);
  });
});

test('case 14: the largest body that is taken costs little more than reading it as JSON', async () => {
  const headers = { origin: dashboard.url, cookie: cookies.admin, 'content-type': 'application/json' };
  const body = `{"name":"visit","data":[${'1,'.repeat(145_000)}1],"options":{}}`;
  const parsing = shortest(() => void JSON.parse(body));
  const post14 = (): Promise<Response> => post('/queues/api/queues/analytics/add', headers, body);
  expect((await post14()).status).toBe(400);
  // Time of this thread on a processor, and of several: a busy machine makes none of it longer. A reviver costs over 10 times as much.
  const taken: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const before = process.threadCpuUsage();
    await post14();
    taken.push(process.threadCpuUsage(before).user / 1_000);
  }
  expect(Math.min(...taken)).toBeLessThan(Math.max(50, 6 * parsing));
});

function shortest(act: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const before = process.threadCpuUsage();
    act();
    return process.threadCpuUsage(before).user / 1_000;
  });
  return Math.min(...times);
}

describe.each(engineCases)('case 25: the engine goes away ($kind)', ({ kind }) => {
  test('the dashboard starts, stays, says so without a host, and lets nobody in unseen', async () => {
    const url = kind === 'redis' ? 'redis://:secret@127.0.0.1:1' : 'postgres://user:secret@127.0.0.1:1/db';
    const engine = openEngine({ url, role: 'producer' });
    const away = createDashboard({ app: sampleApp, engine, users: [], production: false });
    const server = away.handler.listen(0, '127.0.0.1');
    try {
      await new Promise(resolve => server.once('listening', resolve));
      const address = server.address();
      const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
      expect((await fetch(`${base}/livez`)).status).toBe(200);
      for (const [path, status] of [
        ['/readyz', 503],
        ['/', 200],
        ['/queues/', 503],
        ['/queues/api/queues', 503],
      ] as const) {
        const answer = await fetch(`${base}${path}`, {
          headers: { accept: path.includes('api') ? '*/*' : 'text/html' },
        });
        const text = await answer.text();
        expect([path, answer.status]).toEqual([path, status]);
        expect(text).toMatch(/cannot be reached|can be reached/);
        expect(text).not.toMatch(/127\.0\.0\.1:1|secret|ECONN|at .*\.ts/);
      }
    } finally {
      await away.close();
      server.closeAllConnections();
      server.close();
      await engine.close(500);
    }
  });
});
