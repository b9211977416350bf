import { expect, test } from 'vitest';
import type { WaitsFor } from '../../src/queue/index.ts';
import { waitText } from './words.ts';

const NOW = Date.UTC(2026, 11, 1, 3, 15);
const sick = (until: number): WaitsFor => ({
  for: 'pause',
  of: { queue: 'email', group: 'destination/smtp' },
  kind: 'breaker',
  by: undefined,
  reason: undefined,
  since: undefined,
  until,
});

test('a sick destination is waited for until a time, and no longer until one that is past: then it is tried', () => {
  expect(waitText(sick(NOW + 60_000), NOW)).toBe('for a sick destination, until 2026-12-01 03:16:00 UTC');
  expect(waitText(sick(NOW), NOW)).toBe('for a sick destination, which one job at a time tries now');
});
