import { randomBytes, scryptSync } from 'node:crypto';
import { decoyHash } from '../../src/config/index.ts';

export const PASSWORD = 'a password for tests';

/** The cheapest that is taken: hundreds of sign-ins of the tests cost a sixth of what a person's costs. */
function cheapHash(): string {
  const salt = randomBytes(16);
  const key = scryptSync(PASSWORD, salt, 32, { N: 16_384, r: 8, p: 1 });
  return `scrypt.16384.8.1.${salt.toString('base64url')}.${key.toString('base64url')}`;
}

let hash: string | undefined;

/** The three users that sign in with PASSWORD. */
export function sampleUsers() {
  const known = (hash ??= cheapHash());
  return [
    { name: 'viewer', role: 'viewer', hash: known },
    { name: 'operator', role: 'operator', hash: known },
    { name: 'admin', role: 'admin', hash: known },
    { name: 'locked', role: 'admin', hash: decoyHash(known) },
  ] as const;
}
