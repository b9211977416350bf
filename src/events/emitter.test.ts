import { describe, expect, expectTypeOf, test } from 'vitest';
import { Facts } from '../facts/index.ts';
import { Emitter } from './emitter.ts';

// An interface, not a type alias: what most people write.
interface Signals {
  'cart.changed': { readonly items: number };
  'cart.emptied': undefined;
}

describe('an emitter', () => {
  test('calls listeners in order, once each, until they are off', () => {
    const emitter = new Emitter<Signals>();
    const seen: string[] = [];
    const listener = ({ items }: { items: number }): void => void seen.push(`a${items}`);
    emitter.on('cart.changed', listener);
    emitter.on('cart.changed', listener);
    const stop = emitter.on('cart.changed', ({ items }) => void seen.push(`b${items}`));
    emitter.once('cart.changed', ({ items }) => void seen.push(`once${items}`));
    expect(emitter.emit('cart.changed', { items: 1 })).toBe(true);
    emitter.off('cart.changed', listener);
    emitter.emit('cart.changed', { items: 2 });
    stop();
    expect(emitter.emit('cart.changed', { items: 3 })).toBe(false);
    expect(seen).toEqual(['a1', 'b1', 'once1', 'b2']);
  });

  test('takes off what once brought, and a listener is on once however it came', () => {
    const emitter = new Emitter<Signals>();
    const seen: string[] = [];
    const removed = (): void => void seen.push('removed');
    emitter.once('cart.changed', removed);
    emitter.off('cart.changed', removed);
    const both = (): void => void seen.push('both');
    emitter.on('cart.changed', both);
    emitter.once('cart.changed', both);
    emitter.once('cart.changed', () => {
      seen.push('once');
      emitter.emit('cart.changed', { items: 2 });
    });
    emitter.emit('cart.changed', { items: 1 });
    expect(seen).toEqual(['both', 'once', 'both']);
  });

  test('a listener that throws or rejects affects nobody and is stated', async () => {
    const facts = new Facts();
    const failed: string[] = [];
    facts.on('listener.failed', ({ fields }) => failed.push(fields.error.message));
    const emitter = new Emitter<Signals>({ facts });
    const seen: number[] = [];
    emitter.on('cart.changed', () => {
      throw new Error('sync');
    });
    emitter.on('cart.changed', async () => {
      throw new Error('async');
    });
    emitter.on('cart.changed', ({ items }) => seen.push(items));
    emitter.emit('cart.changed', { items: 1 });
    await new Promise(resolve => setImmediate(resolve));
    expect(seen).toEqual([1]);
    expect(failed).toEqual(['sync', 'async']);
  });

  test('its values can be iterated, and iteration ends with the signal', async () => {
    const emitter = new Emitter<Signals>();
    const abort = new AbortController();
    const values = emitter.values('cart.changed', { signal: abort.signal });
    emitter.emit('cart.changed', { items: 1 });
    emitter.emit('cart.changed', { items: 2 });
    const seen: number[] = [];
    for await (const { items } of values) {
      seen.push(items);
      if (items === 2) setImmediate(() => emitter.emit('cart.changed', { items: 3 }));
      if (items === 3) abort.abort();
    }
    expect(seen).toEqual([1, 2, 3]);
    expect(emitter.emit('cart.changed', { items: 4 })).toBe(false);
  });

  test('a reader that is too slow loses the oldest values, and that is stated', async () => {
    const facts = new Facts();
    const failed: string[] = [];
    facts.on('listener.failed', ({ fields }) => failed.push(fields.error.message));
    const emitter = new Emitter<Signals>({ facts });
    const values = emitter.values('cart.changed', { limit: 2 });
    for (const items of [1, 2, 3]) emitter.emit('cart.changed', { items });
    await expect(values.next()).resolves.toEqual({ done: false, value: { items: 2 } });
    expect(failed).toHaveLength(1);
    await values.return?.();
    await expect(values.next()).resolves.toMatchObject({ value: { items: 3 } });
    await expect(values.next()).resolves.toEqual({ done: true, value: undefined });
  });

  test('names and values are checked by the compiler', () => {
    const emitter = new Emitter<Signals>();
    // @ts-expect-error no such signal
    emitter.on('cart.broken', () => undefined);
    // @ts-expect-error another value
    emitter.emit('cart.changed', { items: 'one' });
    emitter.on('cart.changed', value => expectTypeOf(value).toEqualTypeOf<{ readonly items: number }>());
    expect(emitter.emit('cart.emptied', undefined)).toBe(false);
  });
});

test('a listener that throws what is no text reaches neither the one who emits nor other listeners', () => {
  const emitter = new Emitter<{ 'cart.changed': number }>();
  const heard: number[] = [];
  emitter.on('cart.changed', () => {
    throw Object.create(null);
  });
  emitter.on('cart.changed', value => heard.push(value));
  expect(() => emitter.emit('cart.changed', 1)).not.toThrow();
  expect(heard).toEqual([1]);
});
