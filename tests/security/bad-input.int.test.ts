import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDashboard, type TestDashboard } from '../support/dashboard.ts';
import { engineCases, type EngineFixture } from '../support/engines.ts';

/*
 * Whatever is sent to a route of the dashboard, in an address or in a body, is answered: with what it asks for where it can be read, else with a 4xx
 * in our words. Never with a 500, and never with a stack.
 */

const LONG = 'x'.repeat(5_000);
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
  '/workers/stop': { name: 'none', dryRun: true },
  '/schedules/run': { name: 'none', dryRun: true },
  '/schedules/pause': { name: 'none', dryRun: true },
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
        if (answer.status >= 500 || /\n\s+at |node_modules|\.ts:\d/.test(text))
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
});
