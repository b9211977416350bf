import { describe, expect, test } from 'vitest';
import { createScrubber, forgetFields, REDACTED, redactData } from './redact.ts';

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

describe('createScrubber', () => {
  const scrub = createScrubber(contract, data);

  test.each([
    ['as it stands', 'no mailbox Ada@Example.com here'],
    ['in other letter case', 'no mailbox ada@example.COM here'],
    ['URL-encoded', 'GET /x?to=Ada%40Example.com'],
    ['in JSON', JSON.stringify(data)],
    ['HTML-escaped', 'Main &#60;5&#62;'],
    ['a nested leaf', 'lives in Paris'],
  ])('removes a value %s', (_case, text) => {
    const scrubbed = scrub(text);
    expect(scrubbed).toContain(REDACTED);
    expect(scrubbed.toLowerCase()).not.toMatch(/ada@|ada%40|4111|4222|main|paris/);
  });

  test('leaves a text without sensitive values untouched', () => {
    expect(scrub('connection refused')).toBe('connection refused');
  });

  test('characters that mean something to a regular expression are taken as they are', () => {
    expect(createScrubber({ sensitive: ['token'] }, { token: 'a.*(b' })('x a.*(b y aXXb')).toBe(`x ${REDACTED} y aXXb`);
  });
});

describe('forgetFields', () => {
  test('erases the fields and nothing else', () => {
    expect(forgetFields(['resetToken'], { email: 'a@b.c', resetToken: 't' })).toEqual({ email: 'a@b.c' });
    expect(forgetFields(['missing.deep'], { email: 'a@b.c' })).toEqual({ email: 'a@b.c' });
  });
});
