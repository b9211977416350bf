import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTestDashboard, sampleApp, sessionCookie, type TestDashboard } from '../../tests/support/dashboard.ts';
import { PASSWORD, sampleUsers } from '../../tests/support/sample-users.ts';
import {
  engineCases,
  freshDatabase,
  namespace,
  type EngineCase,
  type EngineFixture,
} from '../../tests/support/engines.ts';
import { startRedis, type RedisServer } from '../../tests/support/redis-server.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { createDashboard } from '../create-dashboard.ts';
import { openEngine } from '../../src/engine/index.ts';
import { openState } from '../../src/state/index.ts';
import { sessionState } from './session-state.ts';
import { SESSIONS, Sessions } from './sessions.ts';
import { sessionIn } from './stored-session.ts';

const statusOf = async (dashboard: TestDashboard, cookie: string): Promise<number> =>
  (await dashboard.send('/', { headers: { cookie } })).status;

const signOut = (dashboard: TestDashboard, cookie: string): Promise<Response> =>
  dashboard.send('/sign-out', {
    method: 'POST',
    headers: { origin: dashboard.url, 'content-type': 'application/json', cookie },
    body: '{}',
  });

describe.each(engineCases)('sessions on $kind', ({ kind, open }: EngineCase) => {
  let fixture: EngineFixture;
  let one: TestDashboard;
  let other: TestDashboard;
  beforeAll(async () => {
    fixture = await open();
    one = await openTestDashboard({ fixture });
    other = await openTestDashboard({ fixture });
  });
  afterAll(async () => {
    await one.close();
    await other.close();
    await fixture.cleanup();
  });

  test('who has signed in to one dashboard is known to all, and to one that starts later', async () => {
    const cookie = await one.signIn('operator');
    expect(await statusOf(other, cookie)).toBe(200);
    const later = await openTestDashboard({ fixture });
    try {
      expect(await statusOf(later, cookie)).toBe(200);
    } finally {
      await later.close();
    }
  });

  test('who has signed out of one dashboard has signed out of all', async () => {
    const cookie = await one.signIn('operator');
    expect((await signOut(other, cookie)).status).toBe(204);
    expect(await statusOf(one, cookie)).toBe(401);
    expect(await statusOf(other, cookie)).toBe(401);
  });

  test.each([13 * 3_600_000, -13 * 3_600_000])(
    'the machine of a dashboard is set by %i ms: who has signed in stays so, and a session is no longer for it',
    async aheadMs => {
      const engine = openEngine({ ...fixture, role: 'producer' });
      const now = Date.now.bind(Date);
      try {
        // The dashboard has looked at the engine's clock by then.
        const before = await one.signIn('operator');
        vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
        expect(await statusOf(one, before)).toBe(200);
        const cookie = await one.signIn('operator');
        vi.restoreAllMocks();
        expect(await statusOf(other, cookie)).toBe(200);
        const key = createHash('sha256')
          .update(cookie.slice(cookie.indexOf('=') + 1))
          .digest('base64url');
        const entry = await (await openState(engine)).get(SESSIONS, key);
        expect(entry?.leftMs).toBeLessThan(3_600_000);
        const { createdAt = 0 } = sessionIn(entry?.value) ?? {};
        expect(Math.abs(createdAt - now())).toBeLessThan(3_600_000);
      } finally {
        vi.restoreAllMocks();
        await engine.close();
      }
    },
  );

  test('the engine is asked for its time before the first session is judged', async () => {
    const engine = openEngine({ ...fixture, role: 'producer' });
    try {
      await sessionState(engine, true);
      expect(engine.clock.differenceMs).toBeDefined();
    } finally {
      await engine.close();
    }
  });

  test('installations are apart: another namespace of the same engine knows nobody', async () => {
    const cookie = await one.signIn('operator');
    const elsewhere = await openTestDashboard({ fixture: { ...fixture, namespace: namespace() } });
    try {
      expect(await statusOf(elsewhere, cookie)).toBe(401);
    } finally {
      await elsewhere.close();
    }
  });

  test('nothing in the engine opens a session', async () => {
    const cookie = await one.signIn('admin');
    const id = cookie.slice(cookie.indexOf('=') + 1);
    const kept = await everythingIn(kind, fixture);
    expect(kept).toContain('"user":"admin"');
    expect(kept).not.toContain(id);
    expect(kept).not.toContain(PASSWORD);
    expect(kept).not.toContain('scrypt');
    const [digest = ''] = /[\w-]{43}/.exec(kept) ?? [];
    expect(await statusOf(one, `shiftwork=${digest}`)).toBe(401);
  });

  test('the engine forgets a session by itself when nobody uses it', async () => {
    const engine = openEngine({ ...fixture, role: 'producer' });
    try {
      const state = await openState(engine);
      const kept = vi.spyOn(state, 'set');
      const ann = { name: 'ann', role: 'viewer', hash: 'a hash' } as const;
      await new Sessions({ users: [ann], state: async () => state, idleMs: 300, now: Date.now }).open(ann);
      const [[collection, name = ''] = []] = kept.mock.calls;
      expect(collection).toBe(SESSIONS);
      await waitFor('the session to lapse', async () => (await state.get(SESSIONS, name)) === undefined);
    } finally {
      await engine.close();
    }
  });
});

describe('while the engine is away', () => {
  let redis: RedisServer;
  let dashboard: TestDashboard;
  let cookie: string;
  beforeAll(async () => {
    redis = await startRedis({ config: { appendfsync: 'always' } });
    dashboard = await openTestDashboard({
      fixture: { url: redis.url, namespace: namespace(), cleanup: async () => undefined },
    });
    cookie = await dashboard.signIn('viewer');
  });
  afterAll(async () => {
    await dashboard.close();
    await redis.stop();
  });

  test('whoever has signed in is told so, a stranger is let in no further, and all is well afterwards', async () => {
    const page = { accept: 'text/html' };
    for (const [away, back] of [
      [async () => redis.pause(), async () => redis.resume()],
      [() => redis.kill(), () => redis.restart()],
    ] as const) {
      await away();
      const known = await dashboard.send('/', { headers: { cookie, ...page } });
      expect(known.status).toBe(503);
      expect(known.headers.get('retry-after')).toBe('5');
      const text = await known.text();
      expect(text).toContain('The queue engine is away');
      expect(text).toContain('http-equiv="refresh"');
      expect(text).not.toMatch(/127\.0\.0\.1|ECONN|at .*\.ts/);
      for (const path of ['/', '/queues/api/queues', '/dead-letters']) {
        expect((await dashboard.send(path)).status).toBe(401);
        expect((await dashboard.send(path, { headers: { cookie: 'shiftwork=x' } })).status).toBe(401);
      }
      expect((await dashboard.send('/sign-in')).status).toBe(200);
      const signIn = (password: string): Promise<Response> =>
        dashboard.send('/sign-in', {
          method: 'POST',
          headers: { origin: dashboard.url, 'content-type': 'application/json' },
          body: JSON.stringify({ name: 'operator', password }),
        });
      expect((await signIn('wrong')).status).toBe(401);
      const refused = await signIn(PASSWORD);
      expect(refused.status).toBe(503);
      expect(sessionCookie(refused)).toBe('');
      // It could not be revoked, so nobody is told that it was.
      const kept = await signOut(dashboard, cookie);
      expect([kept.status, kept.headers.getSetCookie()]).toEqual([503, []]);
      await back();
      await waitFor('the session to be known again', async () => (await statusOf(dashboard, cookie)) === 200);
    }
    expect(dashboard.failures).toEqual([]);
  });
});

test('an engine that was not migrated is named in the log, not to whoever signs in', async () => {
  const database = await freshDatabase();
  const failures: unknown[] = [];
  const engine = openEngine({ url: database.url, role: 'producer' });
  const dashboard = createDashboard({
    app: sampleApp,
    engine,
    users: sampleUsers(),
    production: false,
    onError: error => failures.push(error),
  });
  const server = dashboard.handler.listen(0, '127.0.0.1');
  try {
    await new Promise(resolve => server.once('listening', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const answer = await fetch(`${url}/sign-in`, {
      method: 'POST',
      headers: { origin: url, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'viewer', password: PASSWORD }),
    });
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toMatch(/migrate|relation|schema/);
    expect(failures).toEqual([expect.objectContaining({ code: 'ENGINE_CHECK_FAILED' })]);
    expect(String(failures[0])).toContain('shiftwork migrate');
  } finally {
    await dashboard.close();
    server.closeAllConnections();
    server.close();
    await engine.close(500);
    await database.drop();
  }
});

/** Every value of the place, as one text. */
async function everythingIn(kind: EngineCase['kind'], { url, namespace: prefix }: EngineFixture): Promise<string> {
  if (kind === 'postgres') {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(`select row_to_json(s)::text as row from "bullmq_${prefix}".shiftwork_state s`);
    await client.end();
    return JSON.stringify(rows).replaceAll('\\', '');
  }
  const redis = new Redis(url);
  const found: unknown[] = [];
  for (const key of await redis.keys(`${prefix}:~state:*`)) {
    found.push(key, (await redis.type(key)) === 'hash' ? await redis.hgetall(key) : '');
  }
  redis.disconnect();
  return JSON.stringify(found).replaceAll('\\', '');
}
