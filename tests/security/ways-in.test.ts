import { createServer, request as rawRequest } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDashboard, type Authenticate, type AuthenticatedUser } from '../../dashboard/index.ts';
import { byTrustedHeader } from '../../dashboard/sign-in/trusted-header.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { InvalidConfigError } from '../../src/config/index.ts';
import { openTestDashboard, sampleApp, type TestDashboard } from '../support/dashboard.ts';
import { inMemory } from '../support/memory-case.ts';
import { sampleUsers } from '../support/sample-users.ts';

const PAGES = ['/', '/queues/', '/queues/api/queues', '/dead-letters', '/running', '/workers', '/metrics', '/nothing'];

describe('case 32: an app that says who asks', () => {
  let answer: Authenticate = () => undefined;
  let dashboard: TestDashboard;

  beforeAll(async () => {
    const fixture = await inMemory.open();
    dashboard = await openTestDashboard({
      fixture,
      users: false,
      production: true,
      authenticate: request => answer(request),
    });
  });
  afterAll(() => dashboard.close());

  const user = (given: object): AuthenticatedUser => given as AuthenticatedUser;
  test.each<[string, Authenticate]>([
    ['answers nothing', () => undefined],
    [
      'throws',
      () => {
        throw new Error('the session store is away');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the session store is away'))],
    ['answers true', () => true as unknown as AuthenticatedUser],
    ['answers a name alone', () => user({ name: 'ann' })],
    ['answers an unknown role', () => user({ name: 'ann', role: 'root' })],
    ['answers a role of the prototype', () => user({ name: 'ann', role: 'constructor' })],
    ['answers a list of roles', () => user({ name: 'ann', role: ['admin'] })],
    [
      'answers what throws when it is looked at',
      () => ({
        get name(): string {
          throw new Error('the session store is away');
        },
        role: 'admin',
      }),
    ],
    ['answers no name', () => user({ name: '', role: 'admin' })],
    ['answers a name with a line break', () => user({ name: 'ann\nbob', role: 'admin' })],
  ])('that %s: 401 everywhere, to people and to programs, and nothing of why', async (_what, given) => {
    answer = given;
    for (const path of PAGES) {
      for (const accept of ['text/html', 'application/json']) {
        const said = await dashboard.send(path, { headers: { accept } });
        expect([path, said.status]).toEqual([path, 401]);
        expect(await said.text()).not.toMatch(/email|analytics|session store/);
      }
    }
  });

  test('there is no sign-in to try passwords on, and health stays open', async () => {
    answer = () => undefined;
    expect((await dashboard.send('/sign-in', { headers: { accept: 'text/html' } })).status).toBe(401);
    expect((await dashboard.send('/livez')).status).toBe(200);
  });

  test('each role may what it may, and only from a page of the dashboard', async () => {
    const act = (headers: Record<string, string>): Promise<Response> =>
      dashboard.send('/running/cancel', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"ids":["email-none"],"dryRun":true}',
      });
    answer = () => ({ name: 'ann', role: 'viewer' });
    expect((await dashboard.send('/')).status).toBe(200);
    expect((await act({ origin: dashboard.url })).status).toBe(403);
    answer = async () => ({ name: 'ann', role: 'operator' });
    expect((await act({ origin: dashboard.url })).status).toBe(200);
    expect(dashboard.actions.at(-1)).toMatchObject({ user: 'ann', role: 'operator', outcome: 'dry run' });
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect((await act(headers)).status).toBe(403);
    }
    expect((await act({ origin: dashboard.url, 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(
      415,
    );
  });

  test('users and authenticate are not both taken', () => {
    const engine = { place: () => undefined } as unknown as Engine;
    const both = { app: sampleApp, engine, production: true, users: sampleUsers(), authenticate: () => undefined };
    expect(() => createDashboard(both)).toThrow(InvalidConfigError);
  });
});

describe('case 32: a header of a proxy', () => {
  const trusting = (proxies: readonly string[], roles: [string, 'viewer' | 'admin'][] = [['ann', 'admin']]) =>
    byTrustedHeader({ header: 'x-auth-user', proxies, roles: new Map(roles) });
  let fixture: Awaited<ReturnType<typeof inMemory.open>>;
  let dashboard: TestDashboard;
  let stranger: TestDashboard;

  beforeAll(async () => {
    fixture = await inMemory.open();
    dashboard = await openTestDashboard({
      fixture,
      users: false,
      production: true,
      authenticate: trusting(['127.0.0.0/8']),
    });
    // As if the proxy were elsewhere: whoever asks in the tests is no peer that is named.
    const elsewhere = trusting(['192.0.2.7', '2001:db8::/32', 'uniquelocal'], [['*', 'admin']]);
    stranger = await openTestDashboard({
      fixture,
      users: false,
      production: true,
      trustProxy: 1,
      authenticate: elsewhere,
    });
  });
  afterAll(async () => {
    await dashboard.close();
    await stranger.close();
  });

  test('is believed from a peer that is named, for names that have a role', async () => {
    const status = async (name: string): Promise<number> =>
      (await dashboard.send('/workers', { headers: { 'x-auth-user': name } })).status;
    expect(await status('ann')).toBe(200);
    for (const name of ['bob', '', 'ann,ann', 'ann, bob', '*', 'ANN', '__proto__'])
      expect([name, await status(name)]).toEqual([name, 401]);
    expect((await dashboard.send('/workers')).status).toBe(401);
  });

  test('sent twice it names nobody', async () => {
    const { port } = new URL(dashboard.url);
    const status = await new Promise((resolve, reject) => {
      const sent = rawRequest({ host: '127.0.0.1', port, path: '/workers', agent: false }, got => {
        got.resume();
        resolve(got.statusCode);
      });
      sent.setHeader('x-auth-user', ['ann', 'ann']);
      sent.on('error', reject);
      sent.end();
    });
    expect(status).toBe(401);
  });

  test.each(['x-auth-user', 'X-Auth-User', 'x_auth_user', 'x-auth-user '.trim()])(
    '%s from any other peer opens nothing, whatever address that one claims',
    async header => {
      for (const claim of [
        {},
        { 'x-forwarded-for': '192.0.2.7' },
        { forwarded: 'for=192.0.2.7' },
        { 'x-real-ip': '192.0.2.7' },
      ]) {
        const said = await stranger.send('/workers', { headers: { [header]: 'ann', ...claim } });
        expect(said.status).toBe(401);
      }
    },
  );
});

describe('case 32: below a base path', () => {
  let fixture: Awaited<ReturnType<typeof inMemory.open>>;
  let dashboard: TestDashboard;

  beforeAll(async () => {
    fixture = await inMemory.open();
    dashboard = await openTestDashboard({ fixture, basePath: '/ops' });
  });
  afterAll(() => dashboard.close());

  test('everything is found below it, the sign-in leads back below it, and nobody gets past it', async () => {
    expect((await dashboard.send('/ops/livez')).status).toBe(200);
    for (const path of ['/ops', '/ops/', '/ops/workers', '/ops/queues/', '/ops?x=1', '/ops/queues/api/queues']) {
      const said = await dashboard.send(path, { headers: { accept: 'text/html' } });
      expect([path, said.status, said.headers.get('location')?.startsWith('/ops/sign-in?next=%2F')]).toEqual([
        path,
        302,
        true,
      ]);
    }
    for (const path of [
      '/ops/ops',
      '/opsworkers',
      '/ops/../workers',
      '/ops//workers',
      '/ops/%2e%2e/workers',
      '/OPS/workers',
    ]) {
      expect([path, (await dashboard.send(path)).status]).toEqual([path, 401]);
    }
    const cookie = await dashboard.cookieOf('viewer');
    const page = await (await dashboard.send('/ops', { headers: { cookie, accept: 'text/html' } })).text();
    for (const [, link = ''] of page.matchAll(/(?:href|src|action)="([^"]*)"/g))
      expect(link).toMatch(/^(\/ops\/|#main$)/);
  });

  test('mounted by an app that takes the path off, it is the same', async () => {
    const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    const inner = createDashboard({
      app: sampleApp,
      engine,
      users: sampleUsers(),
      production: false,
      basePath: '/ops',
    });
    const web = express().use('/ops', inner.handler);
    const server = createServer(web).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const said = await fetch(`${base}/ops/workers`, { headers: { accept: 'text/html' }, redirect: 'manual' });
      expect(said.headers.get('location')).toBe('/ops/sign-in?next=%2Fworkers');
      expect((await fetch(`${base}/ops/livez`)).status).toBe(200);
    } finally {
      await inner.close();
      server.closeAllConnections();
      server.close();
      await engine.close(500);
    }
  });
});
