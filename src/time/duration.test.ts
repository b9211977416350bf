import { describe, expect, test } from 'vitest';
import { InvalidOptionsError } from '../errors/index.ts';
import { toMilliseconds, type Duration } from './duration.ts';

describe('toMilliseconds', () => {
  test.each<[Duration, number]>([
    [0, 0],
    [1_500, 1_500],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['2w', 1_209_600_000],
  ])('reads %j as %d ms', (duration, expected) => {
    expect(toMilliseconds(duration)).toBe(expected);
  });

  test.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '5',
    '-5s',
    '5 s',
    '1e3s',
    `1${'0'.repeat(400)}s`,
    'soon',
    '',
    null,
    {},
  ])('refuses %j and names the value', duration => {
    const read = () => toMilliseconds(duration as Duration, 'job "x": timeout');
    expect(read).toThrow(InvalidOptionsError);
    expect(read).toThrow('job "x": timeout');
  });
});
