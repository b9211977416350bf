import { scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { InvalidOptionsError } from '../errors/index.ts';
import { decoyHash, hashPassword, passwordHashProblem, verifyPassword } from './password.ts';

const password = 'correct horse battery';
const NFD = 'fußgängerübergang'.normalize('NFD');

describe('password hashes', () => {
  test('a hash fits its password alone, in any Unicode form, and the same password never hashes alike', async () => {
    const [one, two] = await Promise.all([hashPassword(NFD), hashPassword(NFD)]);
    expect(one).not.toBe(two);
    await expect(verifyPassword(NFD.normalize('NFC'), one)).resolves.toBe(true);
    await expect(verifyPassword(password, one)).resolves.toBe(false);
    // It can stand in a comma-separated list of name:role:hash.
    expect(one).toMatch(/^scrypt\.32768\.8\.3\.[\w-]{22}\.[\w-]{43}$/);
  });

  test('a password that is nearly right, cut off or endless is wrong', async () => {
    // The cheapest that is taken: what fits is decided alike at each cost.
    const salt = Buffer.alloc(16, 1);
    const key = scryptSync(password, salt, 32, { N: 16_384, r: 8, p: 1 });
    const hash = `scrypt.16384.8.1.${salt.toString('base64url')}.${key.toString('base64url')}`;
    await expect(verifyPassword(password, hash)).resolves.toBe(true);
    for (const wrong of ['', 'correct', `${password} `, 'Correct horse battery', 'x'.repeat(100_000)]) {
      await expect(verifyPassword(wrong, hash)).resolves.toBe(false);
    }
  });

  test('a short or endless password is refused without being repeated', async () => {
    for (const bad of ['', 'hunter2', 'x'.repeat(257)]) {
      const refused = await hashPassword(bad).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(InvalidOptionsError);
      expect(String(refused)).not.toContain('hunter2');
    }
  });

  const salt = 'A'.repeat(22);
  const key = 'B'.repeat(43);
  test.each([
    ['', 'form'],
    ['admin', 'form'],
    [`bcrypt.32768.8.3.${salt}.${key}`, 'form'],
    [`scrypt.32769.8.3.${salt}.${key}`, 'form'],
    [`scrypt.32768.8.0.${salt}.${key}`, 'form'],
    [`scrypt.1024.8.1.${salt}.${key}`, 'too weak'],
    [`scrypt.32768.1.1.${salt}.${key}`, 'too weak'],
    [`scrypt.32768.8.3.AAAA.${key}`, 'too short'],
    [`scrypt.32768.8.3.${salt}.BBBB`, 'too short'],
    [`scrypt.8388608.8.1.${salt}.${key}`, 'too dear'],
  ])('%j is refused: %s', async (hash, problem) => {
    expect(passwordHashProblem(hash)).toContain(problem);
    await expect(verifyPassword(password, hash)).resolves.toBe(false);
  });

  test('a decoy costs what its model does and fits nothing', async () => {
    const decoy = decoyHash(`scrypt.16384.8.1.${salt}.${key}`);
    expect(decoy).toMatch(/^scrypt\.16384\.8\.1\./);
    expect(passwordHashProblem(decoy)).toBeUndefined();
    await expect(verifyPassword(password, decoy)).resolves.toBe(false);
  });
});
