import { describe, expect, test } from 'vitest';
import { InvalidOptionsError } from '../errors/index.ts';
import { decoyHash, hashPassword, passwordHashProblem, verifyPassword } from './password.ts';

const password = 'correct horse battery';

describe('password hashes', () => {
  test('a hash fits its password alone, and the same password never hashes alike', async () => {
    const [one, two] = await Promise.all([hashPassword(password), hashPassword(password)]);
    expect(one).not.toBe(two);
    await expect(verifyPassword(password, one)).resolves.toBe(true);
    for (const wrong of ['', 'correct', 'correct horse battery ', 'Correct horse battery', 'x'.repeat(100_000)]) {
      await expect(verifyPassword(wrong, one)).resolves.toBe(false);
    }
  });

  test('a hash can stand in a comma-separated list of name:role:hash', async () => {
    await expect(hashPassword(password)).resolves.toMatch(/^scrypt\.32768\.8\.3\.[\w-]{22}\.[\w-]{43}$/);
  });

  test('the Unicode form of the password makes no difference', async () => {
    const hash = await hashPassword('fußgängerübergang'.normalize('NFD'));
    await expect(verifyPassword('fußgängerübergang'.normalize('NFC'), hash)).resolves.toBe(true);
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
