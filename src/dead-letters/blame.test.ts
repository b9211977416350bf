import { describe, expect, test } from 'vitest';
import { MemoryStateStore } from '../state/store/memory-store.ts';
import { BlameBook } from './blame.ts';

describe('BlameBook', () => {
  test('a death counts once against each job, however often and by how many it is looked into', async () => {
    const store = new MemoryStateStore();
    const [one, other] = [new BlameBook(store), new BlameBook(store)];
    await Promise.all([one.count(['a', 'b'], 'host/1'), other.count(['a'], 'host/1'), one.count(['a'], 'host/1')]);
    expect(await one.of('a')).toEqual({ crashes: 1 });
    expect(await other.of('b')).toEqual({ crashes: 1 });
    await one.count(['a'], 'host/2');
    expect(await one.of('a')).toEqual({ crashes: 2 });
  });

  test('what is forgiven is the one death, once', async () => {
    const blame = new BlameBook(new MemoryStateStore());
    await blame.count(['a'], 'host/1');
    await blame.count(['a'], 'host/2');
    await Promise.all([blame.forgive(['a', 'never-blamed'], 'host/2'), blame.forgive(['a'], 'host/2')]);
    expect(await blame.of('a')).toEqual({ crashes: 1 });
    expect(await blame.of('never-blamed')).toEqual({ crashes: 0 });
  });

  test('what an earlier release has counted goes on counting', async () => {
    const store = new MemoryStateStore();
    await store.set('blame', 'a', { crashes: 1 }, 60_000);
    const blame = new BlameBook(store);
    await blame.count(['a'], 'host/7');
    expect(await blame.of('a')).toEqual({ crashes: 2 });
  });
});
