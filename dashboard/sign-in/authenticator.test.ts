import { describe, expect, test } from 'vitest';
import { PASSWORD, sampleUsers } from '../../tests/support/sample-users.ts';
import { decoyHash } from '../../src/config/index.ts';
import { Authenticator } from './authenticator.ts';
import { DEVICE_MS, deviceToken } from './devices.ts';
import type { DashboardUser } from './users.ts';

const [{ hash }] = sampleUsers();
const ann: DashboardUser = { name: 'ann', role: 'admin', hash };
const bob: DashboardUser = { name: 'bob', role: 'viewer', hash: decoyHash(hash) };

/** A password is compared and not hashed, which is no question of these tests and would be all their time. */
function setup(compared: Promise<unknown> = Promise.resolve()) {
  const clock = { now: 1_000_000 };
  const verify = async (password: string, against: string): Promise<boolean> => {
    await compared;
    return password === PASSWORD && against === hash;
  };
  const own = { now: 0 };
  const authenticator = new Authenticator(
    [ann, bob],
    () => clock.now,
    verify,
    () => own.now,
  );
  const pass = (ms: number): void => {
    clock.now += ms;
    own.now += ms;
  };
  return { clock, pass, authenticator };
}

describe('signing in', () => {
  test('the right password is welcome, a wrong one and an unknown name are answered alike', async () => {
    const authenticator = new Authenticator([ann, bob], Date.now);
    await expect(authenticator.signIn({ client: 'a' }, 'ann', PASSWORD)).resolves.toEqual({
      kind: 'welcome',
      user: ann,
    });
    for (const name of ['ann', 'nobody', '__proto__', '']) {
      await expect(authenticator.signIn({ client: `client of ${name}` }, name, 'wrong')).resolves.toEqual({
        kind: 'wrong',
      });
    }
  });

  test('while a name waits not even the right password is tried, from wherever; afterwards it is', async () => {
    const { pass, authenticator } = setup();
    for (let tries = 0; tries < 5; tries += 1)
      await authenticator.signIn({ client: `client ${tries}` }, 'ann', 'wrong');
    const refused = { kind: 'too-many', retryAfterSeconds: 1 };
    await expect(authenticator.signIn({ client: 'another' }, 'ann', PASSWORD)).resolves.toEqual(refused);
    pass(1_000);
    await expect(authenticator.signIn({ client: 'another' }, 'ann', PASSWORD)).resolves.toMatchObject({
      kind: 'welcome',
    });
    // A success clears the name.
    await expect(authenticator.signIn({ client: 'another' }, 'ann', 'wrong')).resolves.toEqual({ kind: 'wrong' });
  });

  test('whoever knocks while a name waits is not made to wait longer for it, nor is anybody else at their address', async () => {
    const { pass, authenticator } = setup();
    for (let tries = 0; tries < 5; tries += 1)
      await authenticator.signIn({ client: `stranger ${tries}` }, 'ann', 'wrong');
    for (let tries = 0; tries < 50; tries += 1) {
      await expect(authenticator.signIn({ client: 'home' }, 'ann', PASSWORD)).resolves.toMatchObject({
        kind: 'too-many',
      });
    }
    await expect(authenticator.signIn({ client: 'home' }, 'bob', 'wrong')).resolves.toEqual({ kind: 'wrong' });
    pass(1_000);
    await expect(authenticator.signIn({ client: 'home' }, 'ann', PASSWORD)).resolves.toMatchObject({ kind: 'welcome' });
  });

  test('nobody waits longer because a clock is set back', async () => {
    const { clock, pass, authenticator } = setup();
    for (let tries = 0; tries < 5; tries += 1)
      await authenticator.signIn({ client: `client ${tries}` }, 'ann', 'wrong');
    clock.now -= 86_400_000;
    pass(1_000);
    await expect(authenticator.signIn({ client: 'home' }, 'ann', PASSWORD)).resolves.toMatchObject({ kind: 'welcome' });
  });

  test('a client that waits does not make the names wait that it tries', async () => {
    const { authenticator } = setup();
    for (let tries = 0; tries < 8; tries += 1)
      await authenticator.signIn({ client: 'stranger' }, `name ${tries}`, 'wrong');
    for (let tries = 0; tries < 20; tries += 1) await authenticator.signIn({ client: 'stranger' }, 'ann', 'wrong');
    await expect(authenticator.signIn({ client: 'home' }, 'ann', PASSWORD)).resolves.toMatchObject({ kind: 'welcome' });
  });

  test('a browser that its owner has signed in with before does not wait for strangers, and does for its own tries', async () => {
    const { clock, authenticator } = setup();
    const device = deviceToken(ann, clock.now);
    for (let tries = 0; tries < 5; tries += 1)
      await authenticator.signIn({ client: `stranger ${tries}` }, 'ann', 'wrong');
    await expect(authenticator.signIn({ client: 'home' }, 'ann', PASSWORD)).resolves.toMatchObject({
      kind: 'too-many',
    });
    await expect(authenticator.signIn({ client: 'home', device }, 'ann', PASSWORD)).resolves.toMatchObject({
      kind: 'welcome',
    });
    for (let tries = 0; tries < 5; tries += 1)
      await authenticator.signIn({ client: `thief ${tries}`, device }, 'ann', 'x');
    await expect(authenticator.signIn({ client: 'thief', device }, 'ann', PASSWORD)).resolves.toMatchObject({
      kind: 'too-many',
    });
  });

  test.each<[string, (now: number) => string]>([
    ['of another person', now => deviceToken({ ...ann, name: 'bob' }, now)],
    ['of an earlier password', now => deviceToken({ ...ann, hash: decoyHash(hash) }, now)],
    ['that is 90 days old', now => deviceToken(ann, now - DEVICE_MS)],
    ['whose end was changed', now => deviceToken(ann, now - DEVICE_MS).replace(/\.\d+\./, `.${now + 1}.`)],
    ['that is no token', () => 'x'],
  ])('a device %s waits with everybody', async (_what, tokenAt) => {
    const { clock, authenticator } = setup();
    for (let tries = 0; tries < 5; tries += 1)
      await authenticator.signIn({ client: `stranger ${tries}` }, 'ann', 'wrong');
    const from = { client: 'home', device: tokenAt(clock.now) };
    await expect(authenticator.signIn(from, 'ann', PASSWORD)).resolves.toMatchObject({ kind: 'too-many' });
  });

  test('a flood of strangers is not charged to a browser that is known: it gets in as soon as there is room', async () => {
    const compared = Promise.withResolvers<void>();
    const { clock, authenticator } = setup(compared.promise);
    const from = { client: 'home', device: deviceToken(ann, clock.now) };
    const flood = Array.from({ length: 30 }, (_, index) =>
      authenticator.signIn({ client: `client ${index}` }, `name ${index}`, 'wrong'),
    );
    for (let tries = 0; tries < 10; tries += 1) {
      await expect(authenticator.signIn(from, 'ann', PASSWORD)).resolves.toMatchObject({ kind: 'too-many' });
    }
    compared.resolve();
    await Promise.all(flood);
    await expect(authenticator.signIn(from, 'ann', PASSWORD)).resolves.toMatchObject({ kind: 'welcome' });
  });

  test('a hundred at once cannot pile up work: those beyond the queue are turned away', async () => {
    const { authenticator } = setup();
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        authenticator.signIn({ client: `client ${index}` }, `name ${index}`, 'wrong'),
      ),
    );
    expect(results.filter(({ kind }) => kind === 'too-many').length).toBe(78);
  });
});
