import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { EncryptedDataError, openCipher, PayloadKeyMissingError } from '../index.ts';

const ONE = `one:${randomBytes(32).toString('base64')}`;
const TWO = `two:${randomBytes(32).toString('base64')}`;
const contract = { name: 'reset', encrypt: ['token', 'address.street', 'items.code'] };
const data = {
  user: 'u1',
  token: 'hunter2',
  address: { street: { name: 'Main' }, city: 'Paris' },
  items: [{ code: 7 }, { code: null }, { other: 1 }],
};
const cipherWith = (payloadKeys?: string, namespace?: string) => openCipher({ payloadKeys }, namespace);

describe('fields that are encrypted', () => {
  test('come back as they were, of every kind of JSON, and the others are untouched', () => {
    const cipher = cipherWith(ONE);
    const stored = cipher.encrypt(contract, data);
    expect(JSON.stringify(stored)).not.toMatch(/hunter2|Main/);
    expect(stored).toMatchObject({
      user: 'u1',
      token: expect.stringMatching(/^encrypted:v1:one:[\w-]+$/),
      address: { city: 'Paris' },
      items: [
        { code: expect.stringMatching(/^encrypted:/) },
        { code: expect.stringMatching(/^encrypted:/) },
        { other: 1 },
      ],
    });
    expect(cipher.decrypt(contract, JSON.parse(JSON.stringify(stored)))).toEqual({ kind: 'data', data });
    expect(data.token).toBe('hunter2');
  });

  test('are never the same twice: nobody sees that two jobs carry one value', () => {
    const cipher = cipherWith(ONE);
    expect(cipher.encrypt(contract, data)).not.toEqual(cipher.encrypt(contract, data));
  });

  test('are read with any of the keys, and written with the first', () => {
    const before = cipherWith(ONE).encrypt(contract, data);
    const rotated = cipherWith(`${TWO},${ONE}`);
    expect(rotated.decrypt(contract, before)).toEqual({ kind: 'data', data });
    expect(rotated.encrypt(contract, data)).toMatchObject({ token: expect.stringMatching(/^encrypted:v1:two:/) });
    expect(cipherWith(TWO).decrypt(contract, before)).toEqual({ kind: 'missing-key', keyId: 'one' });
    expect(cipherWith().decrypt(contract, before)).toEqual({ kind: 'missing-key', keyId: 'one' });
    // Another key that was given the same id: the data is as it should be.
    expect(cipherWith(TWO.replace('two', 'one')).decrypt(contract, before)).toEqual({
      kind: 'missing-key',
      keyId: 'one',
    });
  });

  test.each<[string, (stored: Readonly<Record<string, unknown>>) => unknown, string]>([
    ['of another contract', stored => cipherWith(ONE).decrypt({ ...contract, name: 'other' }, stored), 'token'],
    ['of another namespace', stored => cipherWith(ONE, 'other').decrypt(contract, stored), 'token'],
    [
      'moved to another field',
      ({ token }) => cipherWith(ONE).decrypt(contract, { items: [{ code: token }] }),
      'items.code',
    ],
    ['changed', ({ token }) => cipherWith(ONE).decrypt(contract, { token: flipped(String(token)) }), 'token'],
    ...[0, 1, 5, 30, 50].map((left): [string, (stored: Readonly<Record<string, unknown>>) => unknown, string] => [
      `cut short to ${left} characters behind their beginning`,
      ({ token }) =>
        cipherWith(ONE).decrypt(contract, { token: String(token).slice(0, 'encrypted:v1:'.length + left) }),
      'token',
    ]),
    [
      'with a foreign character',
      ({ token }) => cipherWith(ONE).decrypt(contract, { token: `${String(token)} ` }),
      'token',
    ],
  ])('do not decrypt %s', (_, decrypt, path) => {
    const stored = cipherWith(ONE).encrypt(contract, data);
    expect(decrypt(Object(stored))).toEqual({ kind: 'damaged', path });
  });

  test('that were stored before their contract encrypted them are read as they are; absent ones stay absent', () => {
    expect(cipherWith(ONE).decrypt(contract, data)).toEqual({ kind: 'data', data });
    expect(cipherWith(ONE).encrypt(contract, { user: 'u1', token: undefined })).toEqual({
      user: 'u1',
      token: undefined,
    });
  });

  test('a caller who sends something that looks encrypted gets it back', () => {
    const cipher = cipherWith(ONE);
    const looks = { token: `encrypted:v1:nobody:${'A'.repeat(60)}` };
    expect(cipher.decrypt(contract, cipher.encrypt(contract, looks))).toEqual({ kind: 'data', data: looks });
  });

  test('without a key nothing is encrypted, and that is said; a contract that encrypts nothing does not care', () => {
    expect(() => cipherWith().encrypt(contract, data)).toThrow(PayloadKeyMissingError);
    expect(cipherWith().encrypt({ name: 'plain', encrypt: [] }, data)).toBe(data);
  });
});

describe('what runs store', () => {
  test('is bound to its place, and what was stored plainly is read so', () => {
    const cipher = cipherWith(ONE);
    const stored = cipher.encryptJson('reset', 'result', '{"a":1}');
    expect(cipher.decryptValue('reset', 'result', stored)).toEqual({ a: 1 });
    expect(() => cipher.decryptValue('reset', 'step a', stored)).toThrow(EncryptedDataError);
    expect(() => cipher.decryptValue('reset', 'result', stored.slice(0, 40))).toThrow(EncryptedDataError);
    expect(() => cipherWith(TWO).decryptValue('reset', 'result', stored)).toThrow(PayloadKeyMissingError);
    expect(cipher.decryptValue('reset', 'result', { a: 1 })).toEqual({ a: 1 });
  });
});

/** Another character in the middle. */
function flipped(text: string): string {
  const at = text.length - 10;
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}
