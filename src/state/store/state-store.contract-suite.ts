import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EngineCase } from '../../../tests/support/engines.ts';
import { PATIENT } from '../../../tests/support/wait-for.ts';
import { openEngine } from '../../engine/index.ts';
import { openState, type StateStore } from '../index.ts';

const MINUTE = 60_000;

/** What the shared state promises on every engine. */
export function stateContract({ kind, open }: EngineCase): void {
  stateContractOf(kind, async () => {
    const fixture = await open();
    const engine = openEngine({ ...fixture, role: 'producer' });
    await engine.migrate();
    return {
      store: await openState(engine),
      async close() {
        await engine.close();
        await fixture.cleanup();
      },
    };
  });
}

export function stateContractOf(
  kind: string,
  open: () => Promise<{ readonly store: StateStore; close(): Promise<void> }>,
): void {
  describe(`shared state on ${kind}`, () => {
    let store: StateStore;
    let close: () => Promise<void>;
    let count = 0;
    const collection = () => `c${(count += 1)}`;

    beforeAll(async () => ({ store, close } = await open()));
    afterAll(() => close());

    test('what was set is read, listed by name, and gone when deleted', async () => {
      const c = collection();
      await store.set(c, 'b', { list: [], text: 'é:1', big: 2 ** 50 }, MINUTE);
      await store.set(c, 'a', null, MINUTE);
      expect(await store.get(c, 'b')).toMatchObject({ name: 'b', value: { list: [], text: 'é:1', big: 2 ** 50 } });
      expect((await store.list(c)).map(({ name, value }) => [name, value])).toEqual([
        ['a', null],
        ['b', { list: [], text: 'é:1', big: 2 ** 50 }],
      ]);
      expect((await store.getMany(c, ['b', 'none', 'a'])).map(({ name }) => name).sort()).toEqual(['a', 'b']);
      expect(await store.delete(c, 'b')).toBe(true);
      expect(await store.delete(c, 'b')).toBe(false);
      expect(await store.get(c, 'b')).toBeUndefined();
    });

    test('those that expire last are read first, as many as are wanted, also of those that expire by some time', async () => {
      const c = collection();
      for (const [name, minutes] of [
        ['b', 3],
        ['c', 1],
        ['a', 2],
      ] as const)
        await store.set(c, name, { name }, minutes * MINUTE);
      const names = async (...asked: readonly [number, number?]) =>
        (await store.latest(c, ...asked)).map(({ name }) => name);
      expect(await names(10)).toEqual(['b', 'a', 'c']);
      expect(await names(2)).toEqual(['b', 'a']);
      expect(await names(10, 2.5 * MINUTE)).toEqual(['a', 'c']);
      expect(await names(10, 1)).toEqual([]);
      expect((await store.latest(c, 1))[0]?.value).toEqual({ name: 'b' });
    });

    test('a text with a NUL or half of a surrogate pair is kept as it is', async () => {
      const c = collection();
      const value = { 'a\0b': 'x\ud800' };
      const version = await store.set(c, 'x', value, MINUTE);
      expect(await store.compareAndSet(c, 'x', version, value, MINUTE)).toBeGreaterThan(version);
      expect(await store.list(c)).toMatchObject([{ value }]);
    });

    test('collections are apart', async () => {
      const [one, other] = [collection(), collection()];
      await store.set(one, 'x', 1, MINUTE);
      expect(await store.get(other, 'x')).toBeUndefined();
      expect(await store.list(other)).toEqual([]);
    });

    test('of many who create the same entry one succeeds', async () => {
      const c = collection();
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.compareAndSet(c, 'x', 0, index, MINUTE)),
      );
      expect(made.filter(version => version !== undefined)).toHaveLength(1);
      expect((await store.get(c, 'x'))?.version).toBe(made.find(version => version !== undefined));
    });

    test('of many who replace the same version one succeeds', async () => {
      const c = collection();
      const first = await store.set(c, 'x', 'first', MINUTE);
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.compareAndSet(c, 'x', first, index, MINUTE)),
      );
      const [won] = results.filter(version => version !== undefined);
      expect(results.filter(version => version !== undefined)).toHaveLength(1);
      expect(won).toBeGreaterThan(first);
      expect(await store.compareAndSet(c, 'x', first, 'late', MINUTE)).toBeUndefined();
      expect(await store.delete(c, 'x', first)).toBe(false);
      expect(await store.delete(c, 'x', won)).toBe(true);
    });

    test('many are changed at once, each only if nobody else was first', async () => {
      const c = collection();
      const stale = await store.set(c, 'stale', 'old', MINUTE);
      await store.set(c, 'stale', 'newer', MINUTE);
      const fresh = await store.set(c, 'fresh', 'old', MINUTE);
      await store.set(c, 'there', 'old', MINUTE);
      await store.set(c, 'expired', 'old', 1);
      await vi.waitFor(async () => expect(await store.get(c, 'expired')).toBeUndefined(), PATIENT);
      const entry = (name: string, version: number) => ({ name, version, value: { now: name } });
      const written = await store.compareAndSetMany(
        c,
        [entry('stale', stale), entry('fresh', fresh), entry('there', 0), entry('made', 0), entry('expired', 0)],
        MINUTE,
      );
      expect([...written].toSorted()).toEqual(['expired', 'fresh', 'made']);
      const values = Object.fromEntries((await store.list(c)).map(({ name, value }) => [name, value]));
      expect(values).toEqual({
        stale: 'newer',
        fresh: { now: 'fresh' },
        there: 'old',
        made: { now: 'made' },
        expired: { now: 'expired' },
      });
      expect((await store.get(c, 'fresh'))?.version).toBeGreaterThan(fresh);
      expect(await store.compareAndSetMany(c, [], MINUTE)).toEqual(new Set());
    });

    test('versions grow, also after a deletion', async () => {
      const c = collection();
      const first = await store.set(c, 'x', 1, MINUTE);
      await store.delete(c, 'x');
      expect(await store.compareAndSet(c, 'x', 0, 1, MINUTE)).toBeGreaterThan(first);
    });

    test('an expired entry is none: not read, not listed, not replaced, and anew created', async () => {
      const c = collection();
      const version = await store.set(c, 'x', 1, 1);
      await vi.waitFor(async () => expect(await store.get(c, 'x')).toBeUndefined(), PATIENT);
      expect(await store.list(c)).toEqual([]);
      expect(await store.compareAndSet(c, 'x', version, 2, MINUTE)).toBeUndefined();
      expect(await store.delete(c, 'x')).toBe(false);
      await store.prune();
      expect(await store.compareAndSet(c, 'x', 0, 3, MINUTE)).toBeGreaterThan(version);
    });
  });
}
