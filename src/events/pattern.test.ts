import { describe, expect, test } from 'vitest';
import { readPattern } from './pattern.ts';

describe('a pattern', () => {
  test.each([
    ['user.registered', 'user.registered', true],
    ['user.registered', 'user.updated', false],
    ['user.*', 'user.registered', true],
    ['user.*', 'user.address.changed', false],
    ['*.registered', 'user.registered', true],
    ['#', 'user.registered', true],
    ['user.#', 'user.address.changed', true],
    ['user.registered.#', 'user.registered', true],
    ['#.changed', 'user.address.changed', true],
    ['#.changed', 'user.changed.back', false],
    ['*', 'user.registered', false],
  ])('%s and %s: %s', (pattern, type, expected) => {
    expect(readPattern(pattern).matches(type)).toBe(expected);
  });

  test.each(['', 'User.*', 'user.', '.user', 'user..x', 'user.**', 'user *', `${'a.'.repeat(120)}b`])(
    'refuses %j',
    text => {
      expect(() => readPattern(text)).toThrow('Expected an event type');
    },
  );

  test('knows its entity where it has one', () => {
    expect(readPattern('user.*')).toMatchObject({ entity: 'user', isExact: false });
    expect(readPattern('#')).toMatchObject({ entity: undefined, isExact: false });
    expect(readPattern('user.registered')).toMatchObject({ entity: 'user', isExact: true });
  });
});
