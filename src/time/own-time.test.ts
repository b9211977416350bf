import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { afterOwnTime } from './own-time.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('is late when the limit is over, once', () => {
  const late = vi.fn<() => void>();
  afterOwnTime(1_600, late);
  vi.advanceTimersByTime(1_599);
  expect(late).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(late).toHaveBeenCalledTimes(1);
});

test('is never late once it was ended', () => {
  const late = vi.fn<() => void>();
  const end = afterOwnTime(1_600, late);
  vi.advanceTimersByTime(1_000);
  end();
  vi.advanceTimersByTime(10_000);
  expect(late).not.toHaveBeenCalled();
});

test('begins anew while something moves', () => {
  const late = vi.fn<() => void>();
  let moves = 0;
  afterOwnTime(1_600, late, () => moves);
  for (; moves < 5; moves += 1) vi.advanceTimersByTime(1_500);
  expect(late).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_800);
  expect(late).toHaveBeenCalledTimes(1);
});

test('a process that stood still has its answers read before it is late', async () => {
  vi.useRealTimers();
  const answered = Promise.withResolvers<string>();
  afterOwnTime(32, () => answered.resolve('late'));
  // In the queue of the loop before the stand-still ends, as an answer is that came meanwhile.
  setImmediate(() => answered.resolve('read'));
  const standsUntil = performance.now() + 200;
  while (performance.now() < standsUntil);
  expect(await answered.promise).toBe('read');
});
