import { describe, expect, test } from 'vitest';
import { PASSWORD, sampleUsers } from '../../tests/support/sample-users.ts';
import { decoyHash } from '../../src/config/index.ts';
import { Authenticator } from './authenticator.ts';
import type { DashboardUser } from './users.ts';

const [{ hash }] = sampleUsers();
const ann: DashboardUser = { name: 'ann', role: 'admin', hash };

function setup() {
  const clock = { now: 1_000_000 };
  const bob: DashboardUser = { name: 'bob', role: 'viewer', hash: decoyHash(hash) };
  return { clock, authenticator: new Authenticator([ann, bob], () => clock.now) };
}

describe('signing in', () => {
  test('the right password is welcome, a wrong one and an unknown name are answered alike', async () => {
    const { authenticator } = setup();
    await expect(authenticator.signIn('a', 'ann', PASSWORD)).resolves.toEqual({ kind: 'welcome', user: ann });
    for (const name of ['ann', 'nobody', '__proto__', '']) {
      await expect(authenticator.signIn(`client of ${name}`, name, 'wrong')).resolves.toEqual({ kind: 'wrong' });
    }
  });

  test('while a name waits not even the right password is tried, from wherever; afterwards it is', async () => {
    const { clock, authenticator } = setup();
    for (let tries = 0; tries < 5; tries += 1) await authenticator.signIn(`client ${tries}`, 'ann', 'wrong');
    const refused = { kind: 'too-many', retryAfterSeconds: 1 };
    await expect(authenticator.signIn('another', 'ann', PASSWORD)).resolves.toEqual(refused);
    clock.now += 1_000;
    await expect(authenticator.signIn('another', 'ann', PASSWORD)).resolves.toMatchObject({ kind: 'welcome' });
    // A success clears the name.
    await expect(authenticator.signIn('another', 'ann', 'wrong')).resolves.toEqual({ kind: 'wrong' });
  });

  test('a hundred at once cannot pile up work: those beyond the queue are turned away', async () => {
    const { authenticator } = setup();
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) => authenticator.signIn(`client ${index}`, `name ${index}`, 'wrong')),
    );
    expect(results.filter(({ kind }) => kind === 'too-many').length).toBe(78);
  });
});
