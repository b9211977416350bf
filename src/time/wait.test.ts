import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sleepOrStop, untilAborted } from './wait.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a sleep ends at its time, or when it is stopped, and leaves neither timer nor listener', async () => {
  const stop = new AbortController();
  const ended: string[] = [];
  const first = sleepOrStop(1_000, stop.signal).then(() => ended.push('at its time'));
  const second = sleepOrStop(60_000, stop.signal).then(() => ended.push('stopped'));
  await vi.advanceTimersByTimeAsync(999);
  expect(ended).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await first;
  stop.abort();
  await second;
  expect(ended).toEqual(['at its time', 'stopped']);
  expect(vi.getTimerCount()).toBe(0);
});

test('where it was stopped before nothing is waited for', async () => {
  await sleepOrStop(60_000, AbortSignal.abort());
  await untilAborted(AbortSignal.abort());
  expect(vi.getTimerCount()).toBe(0);
});
