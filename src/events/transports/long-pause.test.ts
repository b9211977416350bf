import { expect, test, vi } from 'vitest';
import { longPause } from './long-pause.ts';

test('a pause that is longer than a timer can be is kept, and ends when it is aborted', async () => {
  const warned = vi.fn<(warning: Error) => void>();
  process.on('warning', warned);
  const stop = new AbortController();
  let ended = 'not yet';
  const pause = longPause(30 * 86_400_000, stop.signal).then(
    () => (ended = 'by itself'),
    () => (ended = 'aborted'),
  );
  // One that overflows is over after a millisecond.
  await longPause(50, stop.signal);
  expect(ended).toBe('not yet');
  stop.abort();
  await pause;
  expect(ended).toBe('aborted');
  expect(warned).not.toHaveBeenCalled();
  process.off('warning', warned);
});
