import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';
import { PASSWORD } from '../../tests/support/sample-users.ts';

const place = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openTestDashboard({ place });
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

  test('keeps the name after a wrong password, as text, and not the password', async () => {
    const page = await (await send(await openForm(), '"><b>nobody', 'a-wrong-one')).text();
    expect(page).toContain('name="name" value="&quot;&gt;&lt;b&gt;nobody"');
    expect(page).not.toContain('a-wrong-one');
  });
});
