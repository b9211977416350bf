import { expect, test } from 'vitest';
import { TokenPace } from './token-pace.ts';

const LIMIT = { max: 2, perMs: 1_000 };

test('a bucket fills again over its time, and looking at it takes nothing', () => {
  let now = 0;
  const pace = new TokenPace(() => now);
  expect([pace.waitOf('a', LIMIT), pace.take('a', LIMIT), pace.take('a', LIMIT)]).toEqual([0, 0, 0]);
  expect([pace.waitOf('a', LIMIT), pace.take('a', LIMIT), pace.waitOf('b', LIMIT)]).toEqual([500, 500, 0]);
  now = 500;
  expect([pace.waitOf('a', LIMIT), pace.take('a', LIMIT), pace.take('a', LIMIT)]).toEqual([0, 0, 500]);
});

test('of more than 10,000 the one that was quiet for longest is forgotten, and no other: many addresses free none of them', () => {
  const pace = new TokenPace(() => 0);
  const one = { max: 1, perMs: 1_000 };
  for (const who of ['quiet', 'busy']) pace.take(who, one);
  for (let nth = 0; nth < 9_999; nth += 1) {
    pace.take(`other ${nth}`, one);
    pace.take('busy', one);
  }
  expect(pace.waitOf('busy', one)).toBe(1_000);
  expect(pace.waitOf('quiet', one)).toBe(0);
});
