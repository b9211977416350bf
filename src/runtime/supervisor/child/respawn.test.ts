import { expect, test } from 'vitest';
import { Respawn } from './respawn.ts';

test('a single death is mended at once, deaths in a row ever later, up to half a minute', () => {
  const respawn = new Respawn();
  expect(respawn.delayAfter(60_000)).toBe(0);
  const delays = Array.from({ length: 20 }, () => respawn.delayAfter(100));
  expect(delays[0]).toBe(0);
  expect(Math.max(...delays)).toBeLessThanOrEqual(30_000);
  const least = delays.map((_, index) => (index === 0 ? 0 : Math.min(15_000, 50 * 2 ** (index - 1))));
  expect(delays.filter((delay, index) => delay < (least[index] ?? 0))).toEqual([]);
  expect(respawn.delayAfter(60_000)).toBe(0);
});
