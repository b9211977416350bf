import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDashboard, type TestDashboard } from '../support/dashboard.ts';
import { engineCases, type EngineFixture } from '../support/engines.ts';

/*
 * Whatever is sent to a route of the dashboard, in an address or in a body, is answered: with what it asks for where it can be read, else with a 4xx
 * in our words. Never with a 500, and never with a stack.
 */

const LONG = 'x'.repeat(5_000);
/** Stands in fields that nobody is shown. */
const HIDDEN = 'lovelace';
const WORDS = [
  '',
  LONG,
  '%00',
  'a%00b',
  '%FF',
  '%ED%A0%80',
  '-1',
  '1e309',
  'NaN',
  '__proto__',
  '%F0%9F%98%80',
  '"',
  '..%2F..',
];

/** What each page reads from its address. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  '/': ['range'],
  '/history': ['range', 'queue', 'contract'],
  '/jobs': ['id', 'tag', 'contract', 'queue', 'state', 'waitsFor', 'cause', 'since', 'until', 'cursor'],
  '/jobs/x': ['x'],
  '/dead-letters': ['cause', 'all'],
  '/dead-letters/x': ['x'],
  '/running': ['job'],
  '/schedules': ['prefix', 'after'],
  '/workers': ['x'],
  '/scaling': ['queue'],
  '/audit': ['before'],
  '/projections': ['x'],
  '/queues/api/queues': ['activeQueue', 'status', 'page', 'jobsPerPage'],
};
const PATHS = [
  '/jobs/',
  '/dead-letters/',
  '/queues/queue/',
  '/queues/api/queues/',
  '/queues/api/queues/email/',
  '/assets/',
];

/** What each route reads from its body, with values that it takes. Nothing is changed: where there is a rehearsal, it is one. */
const ROUTES: Readonly<Record<string, object>> = {
  '/jobs/bulk': { do: 'cancel', jobs: { queue: 'email' }, dryRun: true, reason: 'r', perSecond: 5 },
  '/jobs/email-none/update': { data: '{}', when: 'later', in: '1h' },
  '/jobs/email-none/replay': { data: '{}' },
  '/dead-letters/replay': { fingerprint: 'f', dryRun: true, background: true, perSecond: 5 },
  '/dead-letters/discard': { ids: ['email-none'], dryRun: true, reason: 'r' },
  '/dead-letters/tasks': { id: 'none', do: 'pause', dryRun: true },
  '/dead-letters/cause': { fingerprint: 'f', says: 'known', dryRun: true },
  '/running/cancel': { ids: ['email-none'], dryRun: true, reason: 'r' },
  '/workers/quiet': { name: 'none', dryRun: true },
  '/workers/try': { name: 'email/smtp', dryRun: true },
  '/workers/stop': { name: 'none', dryRun: true },
  '/workers/resume': { name: 'none', dryRun: true },
  '/schedules/run': { name: 'none', dryRun: true },
  '/schedules/pause': { name: 'none', dryRun: true },
  '/schedules/resume': { name: 'none', dryRun: true },
  '/alerts/test': { dryRun: true },
};
/** JSON texts. */
const VALUES = [
  'null',
  '""',
  '[]',
  '{}',
  '["a","b"]',
  '[null]',
  'true',
  '-1',
  '1e309',
  '"a\\u0000b"',
  '"\\ud800"',
  '["a\\u0000b"]',
  '{"__proto__":{"a":1},"constructor":1}',
  `"${LONG}"`,
  '['.repeat(500) + ']'.repeat(500),
];
const BODIES = ['', '[', 'null', '"x"', '1e309', '{"a":', '\u0000', `{"a":${'['.repeat(3_000)}${']'.repeat(3_000)}}`];

describe.each(engineCases)('bad input on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let dashboard: TestDashboard;

  beforeAll(async () => {
    fixture = await open();
    dashboard = await openTestDashboard({ fixture, users: false });
  });
  afterAll(async () => {
    await dashboard.close();
    await fixture.cleanup();
  });

  /** What was answered otherwise than it should be. */
  async function faultsOf(
    requests: readonly (readonly [path: string, body?: string, type?: string])[],
  ): Promise<readonly string[]> {
    const faults: string[] = [];
    const left = [...requests];
    const sender = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const [path, body, type = 'application/json'] = next;
        const headers = { origin: dashboard.url, 'content-type': type };
        const answer = await dashboard.send(path, body === undefined ? {} : { method: 'POST', headers, body });
        const text = await answer.text();
        if (answer.status >= 500 || /\n\s+at |node_modules|\.ts:\d/.test(text) || text.includes(HIDDEN))
          faults.push(`${answer.status} ${path.slice(0, 80)} ${body?.slice(0, 80) ?? ''}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, sender));
    return faults;
  }

  test('in addresses', async () => {
    const asked = Object.entries(PAGES).flatMap(([path, names]) =>
      names.flatMap(name => [
        ...WORDS.map(word => [`${path}?${name}=${word}`] as const),
        [`${path}?${name}`] as const,
        [`${path}?${name}=a&${name}=b`] as const,
        [`${path}?${name}[a]=b&${name}[__proto__]=c`] as const,
      ]),
    );
    const paths = PATHS.flatMap(path => WORDS.filter(word => word !== '').map(word => [path + word] as const));
    expect(await faultsOf([...asked, ...paths])).toEqual([]);
  });

  test('in the fields of bodies, and in whole bodies', async () => {
    const fields = Object.entries(ROUTES).flatMap(([path, taken]) =>
      Object.keys(taken).flatMap(name => {
        const { [name]: _, ...others }: Readonly<Record<string, unknown>> = { ...taken };
        const rest = JSON.stringify(others).slice(1, -1);
        const given = VALUES.map(value => `{${rest === '' ? '' : `${rest},`}${JSON.stringify(name)}:${value}}`);
        return [JSON.stringify(others), ...given].map(body => [path, body] as const);
      }),
    );
    const searched = ['id', 'tag', 'queue', 'since', 'cursor'].flatMap(name =>
      [...WORDS, 'user%3Du-1%00'].map(
        word => ['/jobs', `${name}=${word}`, 'application/x-www-form-urlencoded'] as const,
      ),
    );
    const nested = ['id', 'tag', 'queue', 'cursor'].flatMap(name =>
      VALUES.map(
        value => ['/jobs/bulk', `{"do":"cancel","dryRun":true,"reason":"r","jobs":{"${name}":${value}}}`] as const,
      ),
    );
    const whole = [...Object.keys(ROUTES), '/jobs'].flatMap(path => BODIES.map(body => [path, body] as const));
    expect(await faultsOf([...fields, ...searched, ...nested, ...whole])).toEqual([]);
    expect(dashboard.failures).toEqual([]);
  });

  test('in changes of jobs that are there, ours and those of other programs, whatever their ids; and what is hidden stays so', async () => {
    const [ours, strange] = [await dashboard.queue('email'), ['ä 😀', 'a b?c#d&e', '..', '%2e%2e', 'o\'x"<i>']];
    const data = { to: `${HIDDEN}@example.com`, body: 'b' };
    const meta = { telemetry: { metadata: '{"v":1}' }, delay: 3_600_000 };
    await ours.add('letter', data, { ...meta, jobId: 'email-waits' });
    for (const jobId of strange) await ours.add('letter', data, { ...meta, jobId });
    const ids = ['email-waits', ...strange.map(id => `email/${id}`)].map(id => encodeURIComponent(id));
    const texts = [
      ...VALUES,
      '{"to":"[redacted]","body":1}',
      '{"to":{"a":"[redacted]"}}',
      '{"lines":[{"code":"[redacted]"}]}',
    ];
    const given = [
      ...texts.map(text => JSON.stringify({ data: text })),
      ...['"now"', '"later"', '5', 'null', '{}'].flatMap(when =>
        ['"999999d"', '"-1s"', '"1e9d"', '" 5m "', '[]'].map(later => `{"when":${when},"in":${later}}`),
      ),
    ];
    const changes = ids.flatMap(id =>
      (['update', 'replay'] as const).flatMap(what => given.map(body => [`/jobs/${id}/${what}`, body] as const)),
    );
    expect(await faultsOf(changes)).toEqual([]);
    const looks = ids.flatMap(id => [[`/jobs/${id}`], [`/dead-letters/${id}`], [`/running?job=${id}`]] as const);
    expect(await faultsOf(looks)).toEqual([]);
    expect(dashboard.failures).toEqual([]);
  });

  test('in methods, kinds and codings that no route has', async () => {
    const odd: readonly Readonly<Record<string, string>>[] = [
      { 'content-type': 'application/json; charset=utf-99' },
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      { 'content-type': 'application/json', 'content-encoding': 'sdch' },
      { 'content-type': 'multipart/form-data; boundary=' },
      { 'content-type': 'text/plain' },
      { 'content-type': '/' },
      { accept: 'x'.repeat(4_000) },
    ];
    const statuses = await Promise.all(
      [...Object.keys(ROUTES), ...Object.keys(PAGES), '/sign-in', '/metrics'].flatMap(path =>
        ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].flatMap(method =>
          odd.map(async headers => {
            const answer = await dashboard.send(path, {
              method,
              headers: { origin: dashboard.url, ...headers },
              body: '{"a":1}',
            });
            const isTold = /\n\s+at |node_modules|\.ts:\d/.test(await answer.text());
            return answer.status >= 500 || isTold
              ? [`${answer.status} ${method} ${path} ${JSON.stringify(headers).slice(0, 80)}`]
              : [];
          }),
        ),
      ),
    );
    expect(statuses.flat()).toEqual([]);
    expect(dashboard.failures).toEqual([]);
  });
});
