import { expect, test } from 'vitest';
import { kindOf, kindOfText, kindOfTime } from './kind-of.ts';

test('what was found is said without anything that it holds', () => {
  expect([kindOf(null), kindOf([1]), kindOf('x')]).toEqual(['null', 'object', 'string']);
  expect([kindOfText(7), kindOfText(''), kindOfText('hunter2'), kindOfText('hunter2\n')]).toEqual([
    'number',
    'an empty one',
    'one of 7 characters',
    'one of 8 characters, control characters among them',
  ]);
  expect([kindOfTime('2026'), kindOfTime(new Date('x')), kindOfTime(new Date(0))]).toEqual([
    'string',
    'an invalid Date',
    '1970-01-01T00:00:00.000Z',
  ]);
});
