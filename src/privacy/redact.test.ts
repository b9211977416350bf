import { describe, expect, test } from 'vitest';
import { keptData, REDACTED, redactData } from './redact.ts';

const contract = { sensitive: ['email', 'items.card', 'profile.address'] };
const data = {
  userId: 'u1',
  email: 'Ada@Example.com',
  items: [{ card: '4111', price: 3 }, { card: '4222' }],
  profile: { address: { street: 'Main <5>', city: 'Paris' } },
};

describe('redactData', () => {
  test('hides fields at any depth and in every item of an array, and leaves the original alone', () => {
    expect(redactData(contract, data)).toEqual({
      userId: 'u1',
      email: REDACTED,
      items: [{ card: REDACTED, price: 3 }, { card: REDACTED }],
      profile: { address: REDACTED },
    });
    expect(data.email).toBe('Ada@Example.com');
  });

  test('hides a field whose own name has a dot in it', () => {
    const odd = { 'profile.address': 'Main 5', profile: { address: 'Main 6', city: 'Paris' } };
    expect(redactData(contract, odd)).toEqual({
      'profile.address': REDACTED,
      profile: { address: REDACTED, city: 'Paris' },
    });
  });

  test('shows nothing of data whose contract is unknown', () => {
    expect(redactData(undefined, data)).toBe(REDACTED);
  });

  test('shows nothing of data that is not of the shape it should have', () => {
    expect(redactData(contract, 'ada@example.com')).toBe(REDACTED);
    expect(redactData(contract, null)).toBe(REDACTED);
  });
});

describe('keptData', () => {
  const kept = (forget: readonly string[], stored: unknown) =>
    keptData({ forget, version: 1 }, { version: 1, data: stored });

  test('loses the fields that are forgotten and nothing else, and leaves the original alone', () => {
    expect(kept(['resetToken'], { email: 'a@b.c', resetToken: 't' })).toEqual({ email: 'a@b.c' });
    expect(kept(['missing.deep'], { email: 'a@b.c' })).toEqual({ email: 'a@b.c' });
    expect(kept(['items.card', 'profile.address.street'], data)).toEqual({
      userId: 'u1',
      email: 'Ada@Example.com',
      items: [{ price: 3 }, {}],
      profile: { address: { city: 'Paris' } },
    });
    expect(data.items[0]).toHaveProperty('card');
  });

  test('of an older version nothing is kept: which of its fields were to be forgotten nobody knows', () => {
    expect(keptData({ forget: ['secret'], version: 2 }, { version: 1, data: { token: 't' } })).toEqual({});
    expect(keptData({ forget: [], version: 2 }, { version: 1, data: { token: 't' } })).toEqual({ token: 't' });
  });

  test('data nested deeper than the stack reaches loses its fields as any other', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) deep = { deep };
    expect(kept(['secret'], { secret: 's', deep })).toEqual({ deep: expect.anything() });
  });

  test('a field behind arrays within arrays, deeper than the stack reaches, is forgotten as any other', () => {
    let deep: unknown = { secret: 's', kept: 1 };
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    let inner = kept(['secret'], deep);
    while (Array.isArray(inner)) inner = inner[0];
    expect(inner).toEqual({ kept: 1 });
  });

  test('a field that is called __proto__ stays a field', () => {
    const odd: unknown = JSON.parse('{"__proto__": {"a": 1, "secret": 2}, "secret": 3}');
    expect(JSON.stringify(kept(['secret', '__proto__.secret'], odd))).toBe('{"__proto__":{"a":1}}');
  });
});
