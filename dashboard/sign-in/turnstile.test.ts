import { expect, test } from 'vitest';
import { Turnstile } from './turnstile.ts';

test('two work, three wait, the sixth is turned away, and everybody who waited gets a turn', async () => {
  const turnstile = new Turnstile(2, 3);
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  let inside = 0;
  let most = 0;
  const passes = gates.map((gate, index) =>
    turnstile.pass(async () => {
      inside += 1;
      most = Math.max(most, inside);
      await gate.promise;
      inside -= 1;
      return index;
    }),
  );
  await expect(passes[5]).resolves.toBeUndefined();
  for (const gate of gates) gate.resolve();
  await expect(Promise.all(passes.slice(0, 5))).resolves.toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  await expect(turnstile.pass(async () => 'free again')).resolves.toBe('free again');
});

test('work that fails gives its slot back', async () => {
  const turnstile = new Turnstile(1, 0);
  await expect(turnstile.pass(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await expect(turnstile.pass(async () => 'next')).resolves.toBe('next');
});
