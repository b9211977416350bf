import { expect, test } from 'vitest';
import { clockComplaints } from './clock-check.ts';

test.each([0, 1_000, -1_000])('a difference of %d ms is fine', difference => {
  expect(clockComplaints(difference)).toEqual({ errors: [], warnings: [] });
});

test.each([
  [1_500, 'ahead of'],
  [-30_000, 'behind'],
])('a difference of %d ms is a warning', (difference, side) => {
  const { errors, warnings } = clockComplaints(difference);
  expect(errors).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining(side)]);
});

test.each([30_001, -3_600_000])('a difference of %d ms refuses the start', difference => {
  const { errors, warnings } = clockComplaints(difference);
  expect(errors).toHaveLength(1);
  expect(warnings).toEqual([]);
});
