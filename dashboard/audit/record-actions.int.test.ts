import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';

const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
let dashboard: TestDashboard;
let admin: string;

beforeAll(async () => {
  dashboard = await openTestDashboard({ fixture });
  admin = await dashboard.cookieOf('admin');
});
afterAll(() => dashboard.close());

/** A request as it stands on the wire, so that its sender can leave at any moment. */
function wire(method: string, path: string): string {
  const { host, origin } = new URL(dashboard.url);
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, `Origin: ${origin}`, `Cookie: ${admin}`];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

async function dial(): Promise<Socket> {
  const socket = connect(Number(new URL(dashboard.url).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Sends these one behind the other and leaves. */
async function sendAndLeave(requests: readonly string[], afterMs: number): Promise<void> {
  const socket = await dial();
  socket.write(requests.join(''));
  setTimeout(() => socket.destroy(), afterMs);
  await once(socket, 'close');
}

const PAUSE = '/queues/api/queues/analytics/pause';

describe.each([0, 1, 2, 5, 20])('a client that closes the connection after %d ms', ms => {
  test.each([
    ['sent alone', []],
    ['sent ahead of an answer', ['/queues/api/queues', '/']],
  ])('is on record once for a change that was %s, by name where it was done', async (_how, ahead) => {
    const queue = await dashboard.queue('analytics');
    await queue.resume();
    const before = dashboard.actions.length;
    const recorded = () => dashboard.actions.slice(before);
    await sendAndLeave([...ahead.map(path => wire('GET', path)), wire('PUT', PAUSE)], ms);
    await waitFor('the record', () => recorded().length > 0);
    // Asked after it, answered after it.
    await dashboard.call('GET', '/queues', admin);
    expect(recorded()).toHaveLength(1);
    const [action] = recorded();
    expect(action).toMatchObject({ method: 'PUT', path: PAUSE });
    expect(action?.status === undefined).toBe(action?.outcome === 'connection closed');
    const unnamed = (await queue.isPaused()) && action?.user !== 'admin';
    expect(unnamed).toBe(false);
  });
});

test('a client that reads and leaves is not on record', async () => {
  const before = dashboard.actions.length;
  await sendAndLeave([wire('GET', '/queues/api/queues'), wire('GET', '/')], 2);
  await dashboard.call('GET', '/queues', admin);
  expect(dashboard.actions).toHaveLength(before);
});

test('many changes sent at once on one connection are each on record once', async () => {
  const before = dashboard.actions.length;
  await sendAndLeave(
    Array.from({ length: 20 }, () => wire('PUT', PAUSE)),
    20,
  );
  await waitFor('all records', () => dashboard.actions.length - before >= 20);
  await dashboard.call('GET', '/queues', admin);
  expect(dashboard.actions).toHaveLength(before + 20);
});
