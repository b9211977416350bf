import { expect, test } from 'vitest';
import { lengthOf, table, visible } from './table.ts';

test('columns stand under their names, whatever their length', () => {
  expect(
    table([
      { queue: 'email', dead: 12 },
      { queue: 'a', dead: undefined },
    ]),
  ).toEqual(['queue  dead', 'email  12', 'a      -']);
  expect(table([])).toEqual([]);
});

test('what a terminal would obey is not printed', () => {
  expect(visible('\u001B[2Jgone\u0007\r\n')).toBe('?[2Jgone???');
  expect(visible('\u202Eexe.gpj\u2066')).toBe('?exe.gpj?');
});

test.for([
  [undefined, '-'],
  [0, '0ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [200_000, '3m 20s'],
  [3_600_000, '1h'],
  [3_605_000, '1h'],
  [90_000_000, '1d 1h'],
] as const)('%s ms are %s', ([ms, text]) => {
  expect(lengthOf(ms)).toBe(text);
});
