import { describe, expect, test } from 'vitest';
import { REDACTED } from './redact.ts';
import { createScrubber } from './scrub.ts';

const contract = { sensitive: ['email', 'items.card', 'profile.address'] };
const data = {
  userId: 'u1',
  email: 'Ada@Example.com',
  items: [{ card: '4111', price: 3 }, { card: '4222' }],
  profile: { address: { street: 'Main <5>', city: 'Paris' } },
};

describe('createScrubber', () => {
  test('the names in a sensitive list by address are values; those of its fields are not', () => {
    const scrub = createScrubber(
      { sensitive: ['recipients', 'user.mail'] },
      { recipients: { 'ada@example.com': { name: 'Countess' } }, 'user.mail': 'bob@example.com' },
    );
    expect(scrub('the name of ada@example.com is Countess, not bob@example.com')).toBe(
      'the name of [redacted] is [redacted], not [redacted]',
    );
  });

  const scrub = createScrubber(contract, data);

  test.each([
    ['as it stands', 'no mailbox Ada@Example.com here'],
    ['in other letter case', 'no mailbox ada@example.COM here'],
    ['URL-encoded', 'GET /x?to=Ada%40Example.com'],
    ['in JSON', JSON.stringify(data)],
    ['HTML-escaped', 'Main &#60;5&#62;'],
    ['HTML-escaped by name', 'Main &lt;5&gt;'],
    ['in a form', 'street=Main+%3C5%3E'],
    ['a nested leaf', 'lives in Paris'],
  ])('removes a value %s', (_case, text) => {
    const scrubbed = scrub(text);
    expect(scrubbed).toContain(REDACTED);
    expect(scrubbed.toLowerCase()).not.toMatch(/ada@|ada%40|4111|4222|main|paris/);
  });

  test('leaves a text without sensitive values untouched', () => {
    expect(scrub('connection refused')).toBe('connection refused');
  });

  test('removes a date as JSON writes it and as a text says it', () => {
    const born = new Date('1990-05-17T00:00:00Z');
    const clean = createScrubber({ sensitive: ['born'] }, { born });
    expect(clean(`${born} ${JSON.stringify(born)}`)).toBe(`${REDACTED} "${REDACTED}"`);
  });

  test('characters that mean something to a regular expression are taken as they are', () => {
    expect(createScrubber({ sensitive: ['token'] }, { token: 'a.*(b' })('x a.*(b y aXXb')).toBe(`x ${REDACTED} y aXXb`);
  });

  test.each([1_000, 60_000, 250_000])('a value of %d characters is removed whole, and nothing quotes it', length => {
    const secret = `Open-Sesame ${'<x>'.repeat(length / 3)}`;
    const clean = createScrubber({ sensitive: ['secret'] }, { secret });
    for (const text of [secret, secret.toUpperCase(), JSON.stringify({ secret }), encodeURIComponent(secret)]) {
      expect(clean(`before ${text} after`)).toMatch(/^before (\{"secret":")?\[redacted\]("\})? after$/);
    }
  });

  test('the start of a long value that something cut off is removed too', () => {
    const secret = `Open-Sesame ${'x'.repeat(5_000)}`;
    const clean = createScrubber({ sensitive: ['secret'] }, { secret });
    expect(clean(`got ${secret.slice(0, 700)}...`)).toBe(`got ${REDACTED}...`);
  });

  test('of values that begin alike the one that stands there is removed, and no more', () => {
    const start = 'x'.repeat(400);
    const clean = createScrubber({ sensitive: ['list'] }, { list: [`${start}-one`, `${start}-two-and-more`] });
    expect(clean(`(${start}-two-and-more) (${start}-one) ${start}`)).toBe(`(${REDACTED}) (${REDACTED}) ${REDACTED}`);
  });

  test('as many values as a payload can carry are removed', () => {
    const list = Array.from({ length: 20_000 }, (_, index) => `v${index.toString(36).padStart(5, '0')}`);
    const clean = createScrubber({ sensitive: ['list'] }, { list });
    expect(clean(list.join(' ')).replaceAll(REDACTED, '').trim()).toBe('');
    expect(clean('no value of the list')).toBe('no value of the list');
  });

  test('values nested deeper than the stack reaches are found', () => {
    let nested: unknown = 'deep secret';
    for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
    expect(createScrubber({ sensitive: ['payload'] }, { payload: nested })('a deep secret')).toBe(`a ${REDACTED}`);
  });
});
