import { expect, test, vi } from 'vitest';
import { Ledger } from '../ledger/ledger.ts';
import { MemoryStateStore } from './memory-store.ts';
import { patientStore } from './patient-store.ts';

const away = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

test('an effect that has happened while the engine went away is remembered when it is back', async () => {
  const store = new MemoryStateStore();
  const ledger = new Ledger(patientStore(store, new AbortController().signal), { scope: 'pay' });
  const effect = vi.fn<() => string>(() => {
    vi.spyOn(store, 'compareAndSet').mockRejectedValueOnce(away()).mockRejectedValueOnce(away());
    return 'charged';
  });
  expect(await ledger.once('k', effect)).toBe('charged');
  expect(await ledger.once('k', effect)).toBe('charged');
  expect(effect).toHaveBeenCalledTimes(1);
});

test('an effect that was recorded although the answer was lost is done, not taken over by somebody else', async () => {
  const store = new MemoryStateStore();
  const compareAndSet = store.compareAndSet.bind(store);
  const ledger = new Ledger(patientStore(store, new AbortController().signal), { scope: 'pay' });
  const effect = (): string => {
    vi.spyOn(store, 'compareAndSet').mockImplementationOnce(async (...change) => {
      await compareAndSet(...change);
      throw away();
    });
    return 'charged';
  };
  expect(await ledger.once('k', effect)).toBe('charged');
});

test('an effect whose claim was written although its answer was lost is begun by who claimed it', async () => {
  const store = new MemoryStateStore();
  const compareAndSet = store.compareAndSet.bind(store);
  vi.spyOn(store, 'compareAndSet').mockImplementationOnce(async (...change) => {
    await compareAndSet(...change);
    throw away();
  });
  const ledger = new Ledger(patientStore(store, new AbortController().signal), { scope: 'pay' });
  expect(await ledger.once('k', () => 'charged', { onDoubt: 'hold' })).toBe('charged');
});

test('once nobody wants it any more it is tried once, and the engine that is away is said', async () => {
  const store = new MemoryStateStore();
  vi.spyOn(store, 'get').mockRejectedValueOnce(away());
  await expect(patientStore(store, AbortSignal.abort()).get('ledger', 'k')).rejects.toThrow('ECONNREFUSED');
  expect(await patientStore(store, AbortSignal.abort()).get('ledger', 'k')).toBeUndefined();
});

test('what the engine refuses is not tried again', async () => {
  const store = new MemoryStateStore();
  const get = vi.spyOn(store, 'get').mockRejectedValue(new Error('permission denied'));
  await expect(patientStore(store, new AbortController().signal).get('ledger', 'k')).rejects.toThrow(
    'permission denied',
  );
  expect(get).toHaveBeenCalledTimes(1);
});
