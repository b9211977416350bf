import { hash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { knownSecrets } from '../../secrets/index.ts';
import { Ledger } from './ledger.ts';
import { MemoryStateStore } from '../store/memory-store.ts';

const OLD = 'o'.repeat(32);
const NEW = 'n'.repeat(32);

describe('what an effect is called in the ledger', () => {
  let store: MemoryStateStore;
  beforeEach(() => {
    store = new MemoryStateStore();
  });
  const ledger = (secret: string, previous?: string): Ledger =>
    new Ledger(store, { scope: 'greet', secrets: knownSecrets(secret, previous).known });

  test('says nothing of its key: nobody without the secret can try what it was', async () => {
    await ledger(OLD).once('123456', () => 'sent');
    const [entry] = await store.list('ledger');
    const guesses = ['123456', JSON.stringify(['greet', '123456'])].map(text => hash('sha256', text, 'base64url'));
    expect(guesses).not.toContain(entry?.name);
    expect(entry?.name).not.toContain('123456');
  });

  test('is looked for under the secret of before: an effect that was done is not done again when the secret changes', async () => {
    await ledger(OLD).once('k', () => 'first');
    expect(await ledger(NEW, OLD).once('k', () => 'again')).toBe('first');
    // Without it nobody can know.
    expect(await ledger(NEW).once('k', () => 'again')).toBe('again');
  });

  test('was another one in 0.1, under which what it has done is found', async () => {
    await new Ledger(store, { scope: 'greet' }).once('k', () => 'by 0.1');
    expect(await ledger(NEW, OLD).once('k', () => 'again')).toBe('by 0.1');
    expect(await store.list('ledger')).toHaveLength(1);
  });

  test('stays the one under which it was begun: what is in doubt there is in doubt for all', async () => {
    const unknown = Object.assign(new Error('silent'), { code: 'DELIVERY_FAILED', failure: 'unknown' });
    await ledger(OLD)
      .once('k', () => Promise.reject(unknown))
      .catch(() => undefined);
    const [before] = await store.list('ledger');
    await ledger(NEW, OLD).once('k', () => 'done', { onDoubt: 'again' });
    expect(before?.name === undefined ? [] : await store.list('ledger')).toMatchObject([
      { name: before?.name, value: { stage: 'done' } },
    ]);
  });
});
