import { describe, expect, test } from 'vitest';
import { MemoryStateStore } from '../store/memory-store.ts';
import { EngineSecrets, ownSecret, stateOfOwnSecret } from './secret-source.ts';
import type { Secrets } from '../../secrets/index.ts';

const GIVEN = 'g'.repeat(32);
const BEFORE = 'b'.repeat(32);
const of = ({ present }: Secrets): string => present.of('key', 'x');

describe('the secrets of a process', () => {
  test('are known at once where both were given, and nothing is kept', async () => {
    const store = new MemoryStateStore();
    const secrets = new EngineSecrets({ secret: GIVEN, previousSecret: BEFORE }, async () => store);
    expect(secrets.known?.previous).toBeDefined();
    expect(await stateOfOwnSecret(store)).toBe('none');
  });

  test('without one are one of the installation, the same for all, made by whoever is first', async () => {
    const store = new MemoryStateStore();
    const all = await Promise.all(Array.from({ length: 8 }, () => new EngineSecrets({}, async () => store).load()));
    expect(new Set(all.map(of)).size).toBe(1);
    expect(await stateOfOwnSecret(store)).toBe('used');
    const other = await new EngineSecrets({}, async () => new MemoryStateStore()).load();
    expect(of(other)).not.toBe(of(all[0] ?? other));
  });

  test('that were given look under what the installation had of its own, which then is on its way out', async () => {
    const store = new MemoryStateStore();
    const own = await new EngineSecrets({}, async () => store).load();
    const given = await new EngineSecrets({ secret: GIVEN }, async () => store).load();
    expect(given.previous?.of('key', 'x')).toBe(of(own));
    expect(await stateOfOwnSecret(store)).toBe('retired');
    // A process that still has none goes on with it, and says so.
    expect(of(await new EngineSecrets({}, async () => store).load())).toBe(of(own));
    expect(await stateOfOwnSecret(store)).toBe('used');
  });

  test('are asked for again after an outage', async () => {
    let away = true;
    const store = new MemoryStateStore();
    const secrets = new EngineSecrets({}, async () => {
      if (away) throw new Error('away');
      return store;
    });
    await expect(secrets.load()).rejects.toThrow('away');
    expect(secrets.known).toBeUndefined();
    away = false;
    const loaded = await secrets.load();
    expect(secrets.known && of(secrets.known)).toBe(of(loaded));
  });

  test('that the engine has lost with its data are put back by whoever still knows them', async () => {
    let now = 0;
    const store = new MemoryStateStore();
    const secrets = new EngineSecrets(
      {},
      async () => store,
      () => now,
    );
    const before = of(await secrets.load());
    await store.delete('secret', 'own');
    expect(secrets.known).toBeDefined();
    expect(await stateOfOwnSecret(store)).toBe('none');
    now = 60_000;
    expect(secrets.known).toBeDefined();
    await expect.poll(() => stateOfOwnSecret(store)).toBe('used');
    expect(of(await new EngineSecrets({}, async () => store).load())).toBe(before);
  });

  test('that somebody else has made meanwhile are taken over, and the own ones looked under', async () => {
    let now = 0;
    const store = new MemoryStateStore();
    const secrets = new EngineSecrets(
      {},
      async () => store,
      () => now,
    );
    const before = of(await secrets.load());
    await store.delete('secret', 'own');
    await ownSecret(store, GIVEN);
    now = 60_000;
    expect(secrets.known).toBeDefined();
    await expect.poll(() => secrets.known && of(secrets.known)).not.toBe(before);
    expect(secrets.known?.previous?.of('key', 'x')).toBe(before);
  });
});
