import { describe, expect, test } from 'vitest';
import { Environment, InvalidConfigError } from '../config/index.ts';
import { checkSecrets, KeyedDigests, parsePayloadKeys, readSecrets } from './index.ts';

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

describe('PAYLOAD_KEYS', () => {
  const key = (bytes: number): string => 'k'.repeat(bytes);
  const encoded = (bytes: number): string => Buffer.from(key(bytes)).toString('base64');

  test('are keys by id, the first of which encrypts', () => {
    const parsed = parsePayloadKeys('PAYLOAD_KEYS', ` k2:${encoded(32)} , k1:${encoded(32)}`);
    expect('keys' in parsed && [parsed.keys.present.id, parsed.keys.ids, parsed.keys.find('k1')?.id]).toEqual([
      'k2',
      ['k2', 'k1'],
      'k1',
    ]);
  });

  test.each([
    ['a key of another length', `k1:${encoded(31)}`, 'key "k1" (entry 1 of PAYLOAD_KEYS) to be 32 bytes, found 31'],
    ['two keys with one id', `k1:${encoded(32)},k1:${encoded(32)}`, 'found "k1" twice'],
    ['a key without an id', encoded(32), 'found no colon'],
    ['an id with other characters', `k 1:${encoded(32)}`, 'found another id'],
    ['an entry without anything', `k1:${encoded(32)},`, 'entry 2 of PAYLOAD_KEYS to be id:base64, found nothing'],
    ['an id without a key', 'k1:', 'to be base64'],
    ['a key that is no base64', `k1:${'!'.repeat(44)}`, 'to be base64, found other characters'],
  ])('%s is refused at the start, and never repeated', (_, given, said) => {
    const environment = new Environment({ PAYLOAD_KEYS: given });
    expect(readSecrets(environment).payloadKeys).toBeUndefined();
    expect(environment.problems).toEqual([expect.stringContaining(said)]);
    expect(environment.problems.join()).not.toMatch(/a2tra2|kkkk/);
    expect(() => checkSecrets({ payloadKeys: given })).toThrow(InvalidConfigError);
  });

  test('an empty variable counts as unset', () => {
    expect(readSecrets(new Environment({ PAYLOAD_KEYS: '' })).payloadKeys).toBeUndefined();
    expect(checkSecrets({ payloadKeys: '' }).payloadKeys).toBeUndefined();
  });
});
