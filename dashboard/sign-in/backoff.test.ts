import { describe, expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

function setup(capacity = 100) {
  const clock = { now: 1_000_000 };
  const backoff = new Backoff({
    free: 3,
    firstMs: 1_000,
    longestMs: 8_000,
    forgetMs: 60_000,
    capacity,
    now: () => clock.now,
  });
  return { clock, backoff };
}

describe('Backoff', () => {
  test('lets the free tries through, then makes each wait twice as long, up to the longest', () => {
    const { clock, backoff } = setup();
    expect([1, 2, 3].map(() => backoff.attempt('a'))).toEqual([0, 0, 0]);
    for (const wait of [1_000, 2_000, 4_000, 8_000, 8_000]) {
      expect(backoff.attempt('a')).toBe(wait);
      clock.now += wait - 1;
      expect(backoff.attempt('a')).toBe(1);
      clock.now += 1;
      expect(backoff.attempt('a')).toBe(0);
    }
  });

  test('a thousand tries at once are let through no more often than one after another', () => {
    const { backoff } = setup();
    const passed = Array.from({ length: 1_000 }, () => backoff.attempt('a')).filter(wait => wait === 0);
    expect(passed).toHaveLength(3);
  });

  test('keys do not share their waits, and a success or a long rest clears them', () => {
    const { clock, backoff } = setup();
    for (let tries = 0; tries < 4; tries += 1) backoff.attempt('a');
    expect(backoff.attempt('b')).toBe(0);
    backoff.forgive('a');
    expect(backoff.attempt('a')).toBe(0);
    for (let tries = 0; tries < 4; tries += 1) backoff.attempt('a');
    clock.now += 60_000;
    expect([1, 2, 3].map(() => backoff.attempt('a'))).toEqual([0, 0, 0]);
  });

  test('remembers a bounded number of keys and forgets the quietest first', () => {
    const { backoff } = setup(10);
    for (let tries = 0; tries < 3; tries += 1) backoff.attempt('first');
    for (let key = 0; key < 9; key += 1) backoff.attempt(`key ${key}`);
    expect(backoff.attempt('first')).toBeGreaterThan(0);
    for (let key = 0; key < 1_000; key += 1) backoff.attempt(`more ${key}`);
    expect(backoff.size).toBe(10);
    expect(backoff.attempt('first')).toBe(0);
  });
});
