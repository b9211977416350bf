import { describe, expect, test } from 'vitest';
import { MemorySessionStore, type StoredSession } from './session-store.ts';
import { Sessions } from './sessions.ts';
import type { DashboardUser } from './users.ts';

const ann: DashboardUser = { name: 'ann', role: 'operator', hash: 'hash one' };

function setup() {
  const clock = { now: 1_000_000 };
  const store = new MemorySessionStore();
  const over = (users: readonly DashboardUser[]) =>
    new Sessions({ users, store, idleMs: 100_000, lifetimeMs: 1_000_000, now: () => clock.now });
  return { clock, store, over, sessions: over([ann]) };
}

describe('Sessions', () => {
  test('finds the person by the id, and by nothing that resembles it', async () => {
    const { sessions } = setup();
    const id = await sessions.open(ann);
    await expect(sessions.find(id)).resolves.toMatchObject({ name: 'ann', role: 'operator' });
    for (const wrong of [undefined, '', id.slice(0, -1), `${id}x`, id.slice(0, 42) + (id.endsWith('A') ? 'B' : 'A')]) {
      await expect(sessions.find(wrong)).resolves.toBeUndefined();
    }
  });

  test('a closed session is gone on the server', async () => {
    const { sessions } = setup();
    const id = await sessions.open(ann);
    await sessions.close(id);
    await expect(sessions.find(id)).resolves.toBeUndefined();
  });

  test('ends after idling, is kept by use, and ends at its lifetime however much it is used', async () => {
    const { clock, sessions } = setup();
    const idle = await sessions.open(ann);
    const used = await sessions.open(ann);
    for (let step = 0; step < 9; step += 1) {
      clock.now += 99_999;
      await expect(sessions.find(used)).resolves.toBeDefined();
    }
    await expect(sessions.find(idle)).resolves.toBeUndefined();
    clock.now += 99_999 + 10;
    await expect(sessions.find(used)).resolves.toBeUndefined();
  });

  test('the role is the one configured now, and a removed user or a new password ends the session', async () => {
    const { sessions, over } = setup();
    const id = await sessions.open(ann);
    await expect(over([{ ...ann, role: 'viewer' }]).find(id)).resolves.toMatchObject({ role: 'viewer' });
    await expect(over([{ ...ann, hash: 'hash two' }]).find(id)).resolves.toBeUndefined();
    const other = await sessions.open(ann);
    await expect(over([]).find(other)).resolves.toBeUndefined();
  });

  test('the store never sees an id', async () => {
    const seen: string[] = [];
    const store = new MemorySessionStore();
    const spying = {
      read: (key: string) => store.read(key),
      write: (key: string, session: StoredSession) => {
        seen.push(key, JSON.stringify(session));
        return store.write(key, session);
      },
      remove: (key: string) => store.remove(key),
    };
    const id = await new Sessions({ users: [ann], store: spying }).open(ann);
    expect(seen.join(' ')).not.toContain(id);
  });

  test('memory keeps a bounded number of sessions', async () => {
    const store = new MemorySessionStore(3);
    const sessions = new Sessions({ users: [ann], store });
    const ids = [];
    for (let count = 0; count < 4; count += 1) ids.push(await sessions.open(ann));
    await expect(sessions.find(ids[0])).resolves.toBeUndefined();
    await expect(sessions.find(ids[3])).resolves.toBeDefined();
  });
});
