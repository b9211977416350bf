import { describe, expect, test } from 'vitest';
import { forgetFields, REDACTED, redactData } from './redact.ts';

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

  test('shows nothing of data whose contract is unknown', () => {
    expect(redactData(undefined, data)).toBe(REDACTED);
  });

  test('shows nothing of data that is not of the shape it should have', () => {
    expect(redactData(contract, 'ada@example.com')).toBe(REDACTED);
    expect(redactData(contract, null)).toBe(REDACTED);
  });
});

describe('forgetFields', () => {
  test('erases the fields and nothing else', () => {
    expect(forgetFields(['resetToken'], { email: 'a@b.c', resetToken: 't' })).toEqual({ email: 'a@b.c' });
    expect(forgetFields(['missing.deep'], { email: 'a@b.c' })).toEqual({ email: 'a@b.c' });
  });
});
