import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dashboardAtPace } from '../../dashboard/create-dashboard.ts';
import type { DashboardAction, DashboardOptions } from '../../dashboard/index.ts';
import { USUAL_PACE, type LivePace } from '../../dashboard/live/live-pace.ts';
import { openEngine, type EngineQueue } from '../../src/engine/index.ts';
import sampleApp from './sample-app.config.ts';
import { PASSWORD, sampleUsers } from './sample-users.ts';
import type { EngineFixture } from './engines.ts';
import { waitFor } from './wait-for.ts';

export { sampleApp };

export interface SentRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface TestDashboard {
  readonly url: string;
  readonly actions: readonly DashboardAction[];
  readonly failures: readonly unknown[];
  queue(name: string): Promise<EngineQueue>;
  /** Never follows a redirect. */
  send(path: string, request?: SentRequest): Promise<Response>;
  /** Signs in as the user of that name and answers the cookie to send: a session of its own. */
  signIn(name: string): Promise<string>;
  /** The cookie of the user of that name, who has signed in once: each sign-in costs a password's hash. */
  cookieOf(name: string): Promise<string>;
  /** A call of Bull Board's API as its page makes it. */
  call(method: string, path: string, cookie?: string, body?: unknown): Promise<Response>;
  close(): Promise<void>;
}

export type TestDashboardOptions = Partial<Omit<DashboardOptions, 'engine' | 'users'>> & {
  readonly fixture: EngineFixture;
  /** A viewer, an operator and an admin of these names, by default; false: nobody. */
  readonly users?: boolean;
  /** How soon open pages are sent what happens: as usual, where nothing is said. */
  readonly pace?: LivePace;
};

/** A dashboard on a free port over a migrated engine, its queues open. */
export async function openTestDashboard({
  fixture,
  users = true,
  app = sampleApp,
  production = false,
  pace = USUAL_PACE,
  ...options
}: TestDashboardOptions): Promise<TestDashboard> {
  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
  await engine.migrate();
  const actions: DashboardAction[] = [];
  const failures: unknown[] = [];
  const dashboard = dashboardAtPace(
    {
      app,
      engine,
      production,
      users: users ? sampleUsers() : [],
      onAction: action => actions.push(action),
      onError: error => failures.push(error),
      ...options,
    },
    pace,
  );
  // A process that stood still closes a connection as idle on which it is asked in the same turn.
  const server = createServer({ keepAliveTimeout: 0 }, dashboard.handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const send = (path: string, { method = 'GET', headers = {}, body }: SentRequest = {}): Promise<Response> =>
    fetch(`${url}${path}`, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) });
  await waitFor('the queues of the dashboard', async () => (await send('/readyz')).status === 200);
  const cookies = new Map<string, Promise<string>>();
  async function signIn(name: string): Promise<string> {
    const answer = await send('/sign-in', {
      method: 'POST',
      headers: { origin: url, 'content-type': 'application/json' },
      body: JSON.stringify({ name, password: PASSWORD }),
    });
    if (answer.status !== 200) throw new Error(`Signing in as ${name} was answered with ${answer.status}.`);
    return sessionCookie(answer);
  }
  return {
    url,
    actions,
    failures,
    queue: name => engine.queue(name),
    send,
    signIn,
    cookieOf(name) {
      const known = cookies.get(name) ?? signIn(name);
      cookies.set(name, known);
      return known;
    },
    call: (method, path, cookie, body) =>
      send(`/queues/api${path}`, {
        method,
        headers: {
          origin: url,
          'sec-fetch-site': 'same-origin',
          ...(cookie === undefined ? {} : { cookie }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async close() {
      await dashboard.close();
      server.closeAllConnections();
      server.close();
      await engine.close(2_000);
    },
  };
}

/** The session of an answer, as the next request sends it. */
export function sessionCookie(answer: Response): string {
  const set = answer.headers.getSetCookie().find(cookie => /^(__Host-)?shiftwork=[^;]/.test(cookie));
  return set?.split(';', 1)[0] ?? '';
}
