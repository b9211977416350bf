import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';
import { PASSWORD } from '../../tests/support/sample-users.ts';

const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openTestDashboard({ fixture });
});
afterAll(() => dashboard.close());

interface Form {
  readonly cookie: string;
  readonly token: string;
}

async function openForm(cookie = ''): Promise<Form> {
  const answer = await dashboard.send('/sign-in', { headers: { cookie, accept: 'text/html' } });
  const token = /name="token" value="([^"]*)"/.exec(await answer.text())?.[1] ?? '';
  const set = answer.headers.getSetCookie().find(each => each.startsWith('shiftwork-form='));
  return { cookie: set?.split(';', 1)[0] ?? '', token };
}

function send({ cookie, token }: Form, name: string, password: string): Promise<Response> {
  return dashboard.send('/sign-in', {
    method: 'POST',
    headers: {
      origin: dashboard.url,
      cookie,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'text/html',
    },
    body: new URLSearchParams({ token, name, password, next: '/workers' }).toString(),
  });
}

describe('the sign-in form', () => {
  test('of one tab works after another tab has opened it', async () => {
    const first = await openForm();
    const second = await openForm(first.cookie);
    const answer = await send({ token: first.token, cookie: second.cookie }, 'viewer', PASSWORD);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/workers');
  });

  test.each(['x', 'A'.repeat(44), '"><script>', ''])('never carries what is no token of ours: %j', async planted => {
    const { token } = await openForm(`shiftwork-form=${planted}`);
    expect(token).toMatch(/^[\w-]{43}$/);
  });

  test('is refused with the token of another browser', async () => {
    const [one, other] = await Promise.all([openForm(), openForm()]);
    expect((await send({ token: one.token, cookie: other.cookie }, 'viewer', PASSWORD)).status).toBe(403);
  });

  test('opens for its owner while strangers make the name wait, in a browser that has signed in before', async () => {
    // The clock stands, the machine's and so the engine's as it is counted here: no wait ends meanwhile, however slow the machine.
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const behind = await openTestDashboard({ fixture, trustProxy: 1 });
    const sent = (client: string, password: string, cookie = ''): Promise<Response> =>
      behind.send('/sign-in', {
        method: 'POST',
        headers: { origin: behind.url, 'content-type': 'application/json', 'x-forwarded-for': client, cookie },
        body: JSON.stringify({ name: 'admin', password }),
      });
    try {
      const set = (await sent('198.51.100.1', PASSWORD)).headers.getSetCookie();
      const device = set.find(each => each.startsWith('shiftwork-device=')) ?? '';
      for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Max-Age=7776000']) expect(device).toContain(attribute);
      const cookie = device.split(';', 1)[0] ?? '';
      const strangers = Array.from({ length: 20 }, (_, index) => sent(`192.0.2.${index}`, 'a guess'));
      await Promise.all([...strangers, ...strangers.map((_, index) => sent(`192.0.2.${100 + index}`, 'a guess'))]);
      expect((await sent('198.51.100.2', PASSWORD)).status).toBe(429);
      expect((await sent('198.51.100.1', PASSWORD, cookie)).status).toBe(200);
      // It stands for no session.
      expect((await behind.send('/', { headers: { cookie } })).status).toBe(401);
    } finally {
      await behind.close();
      vi.useRealTimers();
    }
  });

  test('keeps the name after a wrong password, as text, and not the password', async () => {
    const page = await (await send(await openForm(), '"><b>nobody', 'a-wrong-one')).text();
    expect(page).toContain('name="name" value="&quot;&gt;&lt;b&gt;nobody"');
    expect(page).not.toContain('a-wrong-one');
  });
});
