import { expect, test } from 'vitest';
import { clockWarnings } from './clock-check.ts';

test.each([0, 1_000, -1_000])('a difference of %d ms is fine', difference => {
  expect(clockWarnings(difference)).toEqual([]);
});

test.each([
  [1_500, 'ahead of'],
  [-30_000, 'behind'],
  [3_600_000, 'ahead of'],
])('a difference of %d ms is a warning, whatever its size', (difference, side) => {
  expect(clockWarnings(difference)).toEqual([expect.stringContaining(side)]);
});
