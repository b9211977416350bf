import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Progress } from './progress.ts';

const stalled = vi.fn<(error: Error) => void>();
const resumed = vi.fn<() => void>();

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetAllMocks();
  onTestFinished(() => void vi.useRealTimers());
});

const setup = (): Progress => new Progress({ what: 'a batch', limitMs: 1_000, stalled, resumed });

test('a round that does not end is said once, and its end once', () => {
  const progress = setup();
  progress.begun();
  vi.advanceTimersByTime(999);
  expect(stalled).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(stalled).toHaveBeenCalledTimes(1);
  expect(stalled.mock.lastCall?.[0]).toMatchObject({ code: 'CALL_TIMEOUT' });
  progress.ended();
  progress.ended();
  expect(resumed).toHaveBeenCalledTimes(1);
});

test('rounds that fail one after the other are one outage', () => {
  const progress = setup();
  for (let round = 0; round < 5; round += 1) {
    progress.begun();
    progress.failed(new Error('away'));
    vi.advanceTimersByTime(5_000);
  }
  expect(stalled).toHaveBeenCalledTimes(1);
  progress.begun();
  progress.ended();
  expect(resumed).toHaveBeenCalledTimes(1);
});

test('rounds that end in time say nothing', () => {
  const progress = setup();
  for (let round = 0; round < 5; round += 1) {
    progress.begun();
    vi.advanceTimersByTime(900);
    progress.ended();
    vi.advanceTimersByTime(5_000);
  }
  expect(stalled).not.toHaveBeenCalled();
  expect(resumed).not.toHaveBeenCalled();
});
