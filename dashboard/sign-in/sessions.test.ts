import { describe, expect, test } from 'vitest';
import { MemoryStateStore } from '../../src/state/index.ts';
import { SESSIONS, Sessions } from './sessions.ts';
import type { DashboardUser } from './users.ts';

const ann: DashboardUser = { name: 'ann', role: 'operator', hash: 'hash one' };

function setup() {
  const clock = { now: 1_000_000 };
  const store = new MemoryStateStore();
  const over = (users: readonly DashboardUser[]) =>
    new Sessions({ users, state: async () => store, idleMs: 100_000, lifetimeMs: 1_000_000, now: () => clock.now });
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
    const { sessions, store } = setup();
    const id = await sessions.open(ann);
    await sessions.close(id);
    await expect(sessions.find(id)).resolves.toBeUndefined();
    await expect(store.list(SESSIONS)).resolves.toEqual([]);
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

  test('the store learns when to forget it: after idling, and never later than its lifetime', async () => {
    const { clock } = setup();
    const lifetimes: number[] = [];
    class Spying extends MemoryStateStore {
      override set(collection: string, name: string, value: unknown, ttlMs: number): Promise<number> {
        lifetimes.push(ttlMs);
        return super.set(collection, name, value, ttlMs);
      }
    }
    const spying = new Spying();
    const state = async () => spying;
    const sessions = new Sessions({ users: [ann], state, idleMs: 100_000, lifetimeMs: 150_000, now: () => clock.now });
    const id = await sessions.open(ann);
    clock.now += 90_000;
    await sessions.find(id);
    expect(lifetimes).toEqual([100_000, 60_000]);
  });

  test('a session that is closed while it is touched stays closed', async () => {
    const { clock } = setup();
    /** Somebody signs out in another dashboard, after this one has read. */
    class Crossing extends MemoryStateStore {
      override async get(collection: string, name: string) {
        const entry = await super.get(collection, name);
        await this.delete(collection, name);
        return entry;
      }
    }
    const store = new Crossing();
    const sessions = new Sessions({ users: [ann], state: async () => store, now: () => clock.now });
    const id = await sessions.open(ann);
    clock.now += 90_000;
    await sessions.find(id);
    await expect(store.list(SESSIONS)).resolves.toEqual([]);
  });

  test('the role is the one configured now, and a removed user or a new password ends the session', async () => {
    const { sessions, over } = setup();
    const id = await sessions.open(ann);
    await expect(over([{ ...ann, role: 'viewer' }]).find(id)).resolves.toMatchObject({ role: 'viewer' });
    await expect(over([{ ...ann, hash: 'hash two' }]).find(id)).resolves.toBeUndefined();
    const other = await sessions.open(ann);
    await expect(over([]).find(other)).resolves.toBeUndefined();
  });

  test('the store never sees an id, nor the hash of a password', async () => {
    const { sessions, store } = setup();
    const id = await sessions.open(ann);
    const kept = JSON.stringify(await store.list(SESSIONS));
    expect(kept).toContain('"user":"ann"');
    expect(kept).not.toContain(id);
    expect(kept).not.toContain(ann.hash);
  });

  test('what is no session to this release is none', async () => {
    const { sessions, store } = setup();
    const id = await sessions.open(ann);
    const [entry] = await store.list(SESSIONS);
    for (const value of [null, 'x', [], {}, { user: 'ann' }, { user: 1, credential: 'x', formToken: 'x' }]) {
      await store.set(SESSIONS, entry?.name ?? '', value, 60_000);
      await expect(sessions.find(id)).resolves.toBeUndefined();
    }
  });

  test('while the engine is away nothing is known, but what cannot be an id is nobody’s all the same', async () => {
    const away = new Error('away');
    const sessions = new Sessions({ users: [ann], state: () => Promise.reject(away), now: Date.now });
    await expect(sessions.find('A'.repeat(43))).rejects.toBe(away);
    await expect(sessions.close('A'.repeat(43))).rejects.toBe(away);
    await expect(sessions.open(ann)).rejects.toBe(away);
    for (const wrong of [undefined, '', 'x', 'A'.repeat(44)]) {
      await expect(sessions.find(wrong)).resolves.toBeUndefined();
      await expect(sessions.close(wrong)).resolves.toBeUndefined();
    }
  });
});
