import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDashboard, sessionCookie, type TestDashboard } from '../../tests/support/dashboard.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { inMemory } from '../../tests/support/memory-case.ts';
import { startNginx, type NginxServer } from '../../tests/support/nginx-server.ts';
import { PASSWORD } from '../../tests/support/sample-users.ts';
import { byTrustedHeader } from '../sign-in/trusted-header.ts';

/** A proxy ends at another address than the tests, so that one is believed and the others are not. */
const PROXY = '127.0.0.9';
const ports = { rewriting: 0, named: 0, silent: 0 };
let own: TestDashboard;
let byHeader: TestDashboard;
let nginx: NginxServer;

beforeAll(async () => {
  const fixture = await inMemory.open();
  own = await openTestDashboard({ fixture, trustProxy: PROXY, basePath: '/ops' });
  const authenticate = byTrustedHeader({
    header: 'x-auth-user',
    proxies: [PROXY],
    roles: new Map([['ann', 'operator']]),
  });
  byHeader = await openTestDashboard({ fixture, users: false, trustProxy: PROXY, authenticate });
  for (const name of ['rewriting', 'named', 'silent'] as const) ports[name] = await freePort();
  const upstream = (dashboard: TestDashboard): string => `proxy_pass ${dashboard.url}; proxy_bind ${PROXY};`;
  nginx = await startNginx(
    `server { listen 127.0.0.1:${ports.rewriting}; location /ops/ {
       ${upstream(own)}
       # nginx puts its upstream in the place of Host.
       proxy_set_header X-Forwarded-Host $http_host;
       proxy_set_header X-Forwarded-For $remote_addr;
     } }
     server { listen 127.0.0.1:${ports.silent}; location /ops/ { ${upstream(own)} } }
     server { listen 127.0.0.1:${ports.named}; location / {
       ${upstream(byHeader)}
       proxy_set_header Host $http_host;
       # Whatever a browser sends in it is replaced. Behind oauth2-proxy: $upstream_http_x_auth_request_user.
       proxy_set_header X-Auth-User $arg_as;
     } }`,
    ports.named,
  );
});
afterAll(async () => {
  await nginx.stop();
  await own.close();
  await byHeader.close();
});

const signIn = (port: number): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/ops/sign-in`, {
    method: 'POST',
    headers: {
      origin: `http://127.0.0.1:${port}`,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name: 'operator', password: PASSWORD }),
  });

test('behind an nginx that rewrites Host and says X-Forwarded-Host people sign in and act, below a base path', async () => {
  const welcome = await signIn(ports.rewriting);
  expect(welcome.status).toBe(200);
  const base = `http://127.0.0.1:${ports.rewriting}/ops`;
  const cookie = sessionCookie(welcome);
  expect((await fetch(`${base}/workers`, { headers: { cookie } })).status).toBe(200);
  const acted = await fetch(`${base}/running/cancel`, {
    method: 'POST',
    headers: { cookie, origin: new URL(base).origin, 'content-type': 'application/json' },
    body: '{"ids":["email-none"],"dryRun":true}',
  });
  expect(acted.status).toBe(200);
  expect(own.actions.at(-1)).toMatchObject({ user: 'operator', client: '127.0.0.1' });
});

test('behind one that says nothing of Host a change is refused, with what to set', async () => {
  const refused = await signIn(ports.silent);
  expect(refused.status).toBe(403);
  expect(await refused.text()).toMatch(/X-Forwarded-Host.*TRUST_PROXY/);
});

test('a name that nginx says is believed, one that the browser says is not, with nginx or past it', async () => {
  const status = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(url, { headers })).status;
  const base = `http://127.0.0.1:${ports.named}`;
  expect(await status(`${base}/workers?as=ann`)).toBe(200);
  expect(await status(`${base}/workers?as=bob`)).toBe(401);
  expect(await status(`${base}/workers`, { 'x-auth-user': 'ann' })).toBe(401);
  expect(await status(`${byHeader.url}/workers`, { 'x-auth-user': 'ann', 'x-forwarded-for': PROXY })).toBe(401);
});
