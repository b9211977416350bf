import { expect, test } from 'vitest';
import { growthBetween } from './space-watch.ts';

const none = { waiting: 0, running: 0, delayed: 0, succeeded: 0, dead: 0, events: 0 };
const look = (at: number, usedBytes: number, queues: Parameters<typeof growthBetween>[0]['queues'] = []) => ({
  at,
  usedBytes,
  limit: undefined,
  queues,
});

test('growth is what has come between two looks, with the queue and the kind of job that have grown most', () => {
  const before = look(0, 100, [
    { name: 'a', bytes: { ...none, waiting: 10, dead: 70 } },
    { name: 'b', bytes: { ...none, waiting: 5 } },
  ]);
  const after = look(10_000, 160, [
    { name: 'a', bytes: { ...none, waiting: 20, dead: 70 } },
    { name: 'b', bytes: { ...none, waiting: 45 } },
  ]);
  expect(growthBetween(before, after)).toEqual({
    overMs: 10_000,
    bytes: 60,
    most: { queue: 'b', kind: 'waiting', bytes: 40 },
  });
});

test('two looks at one time tell no rate, and what shrinks has no queue that grows', () => {
  expect(growthBetween(look(0, 1), look(1_000, 9))).toBeUndefined();
  expect(growthBetween(look(0, 9), look(10_000, 1))).toEqual({ overMs: 10_000, bytes: -8, most: undefined });
});
