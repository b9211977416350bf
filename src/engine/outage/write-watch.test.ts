import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Outage } from './outage.ts';
import { WriteWatch } from './write-watch.ts';

const full = Object.assign(new Error('no space'), { code: '53100' });
const onError = vi.fn<(error: Error) => void>();
const onBack = vi.fn<(awayMs: number) => void>();
const probe = vi.fn<() => Promise<unknown>>();

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetAllMocks();
  onTestFinished(() => void vi.useRealTimers());
});

function setup(): WriteWatch {
  return new WriteWatch(new Outage('db.example:5432', { onError, onBack }), probe);
}

test('a refused write is an outage, which ends when a write is taken, whatever connections come meanwhile', async () => {
  probe.mockRejectedValueOnce(full).mockResolvedValueOnce('OK');
  const watch = setup();
  watch.note(full);
  watch.note(full);
  expect(onError).toHaveBeenCalledTimes(1);
  expect(onError.mock.lastCall?.[0].message).toContain('the disk of the server is full');
  watch.connected();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(onBack).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(onBack).toHaveBeenCalledTimes(1);
  expect(probe).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(probe).toHaveBeenCalledTimes(2);
});

test('other errors are none of its business, and a connection ends an outage of connections', async () => {
  const watch = setup();
  watch.note(Object.assign(new Error('duplicate'), { code: '23505' }));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(onError).not.toHaveBeenCalled();
  expect(probe).not.toHaveBeenCalled();
});

test('nothing is tried after the end', async () => {
  const watch = setup();
  watch.note(full);
  watch.end();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(probe).not.toHaveBeenCalled();
});
