import { expect, test } from 'vitest';
import { Repeats } from './repeats.ts';

function setup() {
  const clock = { now: 0 };
  return { clock, repeats: new Repeats(1_000, () => clock.now) };
}

test('the first comes through, equal ones are suppressed and counted, others are not touched', () => {
  const { clock, repeats } = setup();
  expect(repeats.admit('a')).toBe(0);
  expect(repeats.admit('a')).toBeUndefined();
  expect(repeats.admit('b')).toBe(0);
  clock.now = 999;
  expect(repeats.admit('a')).toBeUndefined();
  clock.now = 1_000;
  expect(repeats.admit('a')).toBe(2);
  clock.now = 2_000;
  expect(repeats.admit('a')).toBe(0);
});

test('ever new texts do not fill the memory: the oldest are forgotten', () => {
  const { repeats } = setup();
  for (let index = 0; index < 2_000; index += 1) repeats.admit(`error ${index}`);
  expect(repeats.admit('error 0')).toBe(0);
  expect(repeats.admit('error 1999')).toBeUndefined();
});
