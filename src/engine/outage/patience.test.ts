import { expect, test } from 'vitest';
import { retryPatiently } from './patience.ts';

const away = () => Promise.reject(new Error('away'));

test('goes on until it works, and never waits longer than two seconds', async () => {
  const waits: number[] = [];
  let tries = 0;
  const result = await retryPatiently(
    async () => {
      tries += 1;
      return tries < 50 ? away() : 'here';
    },
    {
      again: () => true,
      signal: new AbortController().signal,
      wait: async ms => {
        waits.push(ms);
      },
    },
  );
  expect(result).toBe('here');
  expect(waits).toHaveLength(49);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2_000);
});

test('ends with an error that waiting cannot mend', async () => {
  const result = retryPatiently(() => Promise.reject(new Error('no such schema')), {
    again: () => false,
    signal: new AbortController().signal,
  });
  await expect(result).rejects.toThrow('no such schema');
});

test('ends in the middle of a wait when it is told to', async () => {
  const stop = new AbortController();
  const result = retryPatiently(
    () => {
      // After this attempt has failed, while the wait goes on.
      setImmediate(() => stop.abort());
      return away();
    },
    { again: () => true, signal: stop.signal },
  );
  await expect(result).rejects.toMatchObject({ name: 'AbortError' });
});
