import { describe, expect, test } from 'vitest';
import { fingerprintOf, normalized } from './fingerprint.ts';

const cause = (message: string) => ({ jobName: 'letter', error: 'Error', message });

describe('fingerprintOf', () => {
  test.each([
    ['no user 17', 'no user 4711'],
    ['user "ann" is gone', 'user "bob" is gone'],
    ['550 for ann@example.com', '550 for bob.b@mail.example.org'],
    ['row 0b9b7f4e-9c1d-4d3e-8f53-0a1b2c3d4e5f', 'row 11111111-2222-3333-4444-555555555555'],
    ['job email-0mwtkts1d0000raf4nk6-abcdefghij failed', 'job email-0mwtkts1d0001raf4nk6-bbcdefghi1 failed'],
    ['one\nat line 7', 'one\nat line 9'],
  ])('%j and %j have the same cause', (one, other) => {
    expect(fingerprintOf(cause(one))).toBe(fingerprintOf(cause(other)));
  });

  test('another contract, class, code or message is another cause', () => {
    const first = fingerprintOf(cause('ECONNREFUSED: no answer'));
    const others = [
      fingerprintOf({ ...cause('ECONNREFUSED: no answer'), jobName: 'other' }),
      fingerprintOf({ ...cause('ECONNREFUSED: no answer'), error: 'TypeError' }),
      fingerprintOf(cause('ETIMEDOUT: no answer')),
      fingerprintOf(cause('ECONNREFUSED: an answer')),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
    expect(first).toMatch(/^[\w-]{10}$/);
  });

  test('a huge message costs nothing', () => {
    expect(normalized('a1'.repeat(5_000_000)).length).toBeLessThanOrEqual(1_000);
  });
});
