import { describe, expect, test } from 'vitest';
import { Environment, InvalidConfigError } from '../config/index.ts';
import { checkSecrets, KeyedDigests, readSecrets } from './index.ts';

describe('keyed digests', () => {
  const digests = new KeyedDigests('a'.repeat(32));

  test('are for ever: what was made with a secret once is found with it again', () => {
    expect(digests.of('key', 'x')).toBe('UaJRuMP1yx4of82m7Jf0ZR_T5eQSproa5ZKwXlpPHMY');
    expect(digests.of('data', 'x')).toBe('7i-CBVs8R93EPuCHVVIkrMicciWcsO42WcLm6GY16jM');
  });

  test('differ by what they are for, by secret and by text', () => {
    const all = [
      digests.of('key', 'x'),
      digests.of('data', 'x'),
      digests.of('cause', 'x'),
      digests.of('key', 'y'),
      new KeyedDigests('b'.repeat(32)).of('key', 'x'),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(all.every(each => /^[\w-]{43}$/.test(each))).toBe(true);
  });
});

describe('SHIFTWORK_SECRET', () => {
  test('is read, and an empty one counts as unset', () => {
    const environment = new Environment({ SHIFTWORK_SECRET: ` ${'a'.repeat(32)} `, SHIFTWORK_SECRET_PREVIOUS: '' });
    expect(readSecrets(environment)).toEqual({ secret: 'a'.repeat(32), previousSecret: undefined });
    expect(environment.problems).toEqual([]);
  });

  test('that is too short is refused by name and never repeated', () => {
    const environment = new Environment({ SHIFTWORK_SECRET: 'hunter2', SHIFTWORK_SECRET_PREVIOUS: 'hunter2hunter2' });
    readSecrets(environment);
    expect(environment.problems).toEqual([
      expect.stringMatching(/^Expected SHIFTWORK_SECRET to be a random text of at least 32 characters, got 7\./),
      expect.stringMatching(/^Expected SHIFTWORK_SECRET_PREVIOUS .* got 14\./),
    ]);
    expect(environment.problems.join()).not.toContain('hunter2');
  });

  test.each([{ secret: 'short' }, { previousSecret: 'short' }, { secret: 7 as never }])(
    'given by a program is refused the same way: %j',
    given => {
      expect(() => checkSecrets(given)).toThrow(InvalidConfigError);
    },
  );

  test('given by a program as an empty text counts as none', () => {
    expect(checkSecrets({ secret: '', previousSecret: undefined })).toEqual({
      secret: undefined,
      previousSecret: undefined,
    });
  });
});
