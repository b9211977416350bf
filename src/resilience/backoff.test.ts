import { describe, expect, test } from 'vitest';
import { backoffDelay, exponential, fixed } from './backoff.ts';

describe('exponential', () => {
  const backoff = exponential({ from: '1s', to: '10s' });

  test.each([
    [1, 1_000],
    [2, 2_000],
    [4, 8_000],
    [5, 10_000],
    [5_000, 10_000],
  ])('attempt %d waits at most %d ms', (attempt, bound) => {
    expect(backoffDelay(backoff, attempt, () => 1)).toBe(bound);
  });

  test('keeps full jitter at the cap, so a crowd does not come back as one', () => {
    expect(backoffDelay(backoff, 50, () => 0.25)).toBe(2_500);
  });

  test('never answers 0, which BullMQ takes for "at the head of the queue, now"', () => {
    expect(backoffDelay(backoff, 1, () => 0)).toBe(1);
    expect(backoffDelay(fixed(0), 1)).toBe(1);
  });

  test('refuses a range that is none', () => {
    expect(() => exponential({ from: '10s', to: '1s' })).toThrow('from <= to');
    expect(() => exponential({ from: 0, to: '1s' })).toThrow('1 ms <= from');
  });
});
