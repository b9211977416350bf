import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { startProcess, type TestProcess } from '../tests/support/child-process.ts';
import { namespace, redisUrl } from '../tests/support/engines.ts';
import { freePort } from '../tests/support/free-port.ts';
import { program } from '../tests/support/programs.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { waitFor } from '../tests/support/wait-for.ts';

const MAIN = program('dashboard/main.ts');
const APP = ['--app', program('tests/support/sample-app.config.ts')];
const started: TestProcess[] = [];

function start(env: Readonly<Record<string, string>>, args: readonly string[] = APP, main = MAIN): TestProcess {
  const dashboard = startProcess(main, { args, env });
  started.push(dashboard);
  return dashboard;
}

async function addressOf(dashboard: TestProcess): Promise<string> {
  const line = await dashboard.line(/the dashboard is listening/);
  return (JSON.parse(line) as { url: string }).url.replace('localhost', '127.0.0.1');
}

afterEach(async () => {
  for (const dashboard of started.splice(0)) {
    dashboard.kill('SIGKILL');
    await dashboard.ended;
  }
});

test('starts while the engine is away, recovers by itself, again after an outage, and stops with exit 0', async () => {
  const port = await freePort();
  const dashboard = start({ REDIS_URL: `redis://127.0.0.1:${port}`, DASHBOARD_PORT: '0' });
  const url = await addressOf(dashboard);
  const ready = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;
  const away = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 503;
  const shown = async (): Promise<boolean> => (await fetch(`${url}/queues/api/queues?activeQueue=email`)).ok;
  await waitFor('the dashboard to see that the engine is away', away);
  const redis = await startRedis({ port });
  try {
    await waitFor('the dashboard to find the engine', ready);
    await waitFor('the board to show the queues', shown);
    await redis.kill();
    await waitFor('the dashboard to miss the engine', away);
    expect((await fetch(`${url}/livez`)).ok).toBe(true);
    expect((await fetch(`${url}/`, { headers: { accept: 'text/html' } })).status).toBe(200);
    const failed = await fetch(`${url}/queues/api/queues`);
    expect(failed.status).toBe(500);
    expect(await failed.text()).not.toMatch(/127\.0\.0\.1|ECONN|at .*\.js/);
    await redis.restart();
    await waitFor('the dashboard to find the engine again', ready);
    await waitFor('the board to show the queues again', shown);
  } finally {
    await redis.stop();
  }
  dashboard.kill('SIGTERM');
  expect(await dashboard.ended).toBe(0);
});

test('says how it is used and which version it is, starts nothing for that, and says what an option was meant to be', async () => {
  const [help, wrong] = [['--help'], ['--ap', 'x']].map(args => start({}, args));
  // Its version is that of a manifest beside its source.
  const version = start({}, ['--version'], 'dashboard/main.ts');
  expect(await help?.line(/usage/)).toMatch(/^usage: shiftwork-dashboard/);
  expect(await version.line(/\d/)).toMatch(/^\d+\.\d+\.\d+/);
  expect(await wrong?.line(/--ap/)).toContain('Did you mean \\"--app\\"?');
  expect(await Promise.all([help, version, wrong].map(each => each?.ended))).toEqual([0, 0, 2]);
});

test('a request that has begun is answered before the process ends', async () => {
  const dashboard = start({ REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), DASHBOARD_PORT: '0' });
  const url = await addressOf(dashboard);
  // It listens before it has reached the engine.
  await waitFor('the engine to be reached', async () => (await fetch(`${url}/readyz`)).ok);
  const body = '{"max":null}';
  const sent = request(`${url}/queues/api/queues/email/rate-limit`, {
    method: 'PUT',
    headers: {
      origin: url,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  });
  const answered = once(sent, 'response');
  sent.flushHeaders();
  // The server has read the head and waits for the body.
  await once(sent, 'continue');
  dashboard.kill('SIGINT');
  sent.end(body);
  const [answer] = (await answered) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  answer.resume();
  expect(await dashboard.ended).toBe(0);
});

test('case 3: every fault of the environment is told at once, with exit 2 and without a secret', async () => {
  const dashboard = start({
    NODE_ENV: 'production',
    REDIS_URL: 'http://user:hunter2@queue.example',
    DASHBOARD_USERS: 'admin:admin:hunter2',
    DASHBOARD_PORT: '70000',
  });
  expect(await dashboard.ended).toBe(2);
  const text = dashboard.lines.join('\n');
  for (const name of ['REDIS_URL', 'DASHBOARD_USERS', 'DASHBOARD_PORT']) expect(text).toContain(name);
  expect(text).not.toContain('hunter2');
});

test('case 3: production without users refuses to start and names DASHBOARD_USERS', async () => {
  const dashboard = start({ NODE_ENV: 'production', REDIS_URL: redisUrl() });
  expect(await dashboard.ended).toBe(2);
  expect(dashboard.lines.join('\n')).toContain('DASHBOARD_USERS');
});

test('an app that is not there, and a port that is taken, are told', async () => {
  const missing = start({ REDIS_URL: redisUrl(), DASHBOARD_PORT: '0' }, ['--app', 'nowhere.config.ts']);
  expect(await missing.ended).toBe(2);
  expect(missing.lines.join('\n')).toContain('nowhere.config.ts');
  const first = start({ REDIS_URL: redisUrl(), DASHBOARD_PORT: '0' });
  const { port } = new URL(await addressOf(first));
  const second = start({ REDIS_URL: redisUrl(), DASHBOARD_PORT: port });
  expect(await second.ended).toBe(1);
  expect(second.lines.join('\n')).toContain('DASHBOARD_PORT');
});
