import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { InvalidOptionsError } from '../errors/index.ts';

/** scrypt's N, r and p. One try needs 128 * cost * blockSize bytes: 32 MiB here, and about a fifth of a second. */
interface ScryptCost {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

interface PasswordHash extends ScryptCost {
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** One of the settings of OWASP's password storage sheet; parallelization costs time and no memory. */
const COST: ScryptCost = { cost: 32_768, blockSize: 8, parallelization: 3 };
const WEAKEST: ScryptCost = { cost: 16_384, blockSize: 8, parallelization: 1 };
/** A hash that asks for more would let its own sign-in page take the process down. */
const DEAREST_BYTES = 256 * 1024 * 1024;
const MAX_PARALLELIZATION = 16;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 256;

/**
 * Hashes a password as `scrypt.N.r.p.salt.key`: no `,` and no `:`, so that it fits into DASHBOARD_USERS.
 * @throws InvalidOptionsError when it is shorter than 12 or longer than 256 characters
 */
export async function hashPassword(password: string): Promise<string> {
  const length = [...password].length;
  if (length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
    throw new InvalidOptionsError(
      `Expected a password of ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters, got ${length}. Several words are easy to keep.`,
    );
  }
  const salt = randomBytes(SALT_BYTES);
  return write({ ...COST, salt, key: await derive(password, { ...COST, salt, key: Buffer.alloc(KEY_BYTES) }) });
}

/** What is wrong with a stored hash; undefined for a usable one. Never repeats the hash. */
export function passwordHashProblem(text: string): string | undefined {
  const hash = read(text);
  if (hash === undefined) return 'it is not of the form scrypt.N.r.p.salt.key';
  if (hash.cost < WEAKEST.cost || hash.blockSize < WEAKEST.blockSize) {
    return `its scrypt parameters are too weak (at least N ${WEAKEST.cost} and r ${WEAKEST.blockSize} are needed)`;
  }
  if (hash.salt.length < SALT_BYTES || hash.key.length < KEY_BYTES) return 'its salt or key is too short';
  if (128 * hash.cost * hash.blockSize > DEAREST_BYTES || hash.parallelization > MAX_PARALLELIZATION) {
    return 'its scrypt parameters are too dear for a sign-in';
  }
  return undefined;
}

/** Constant-time in the password; false for an unusable hash and for a password that is too long. */
export async function verifyPassword(password: string, text: string): Promise<boolean> {
  const hash = passwordHashProblem(text) === undefined ? read(text) : undefined;
  if (hash === undefined || password.length > MAX_PASSWORD_LENGTH) return false;
  return timingSafeEqual(await derive(password, hash), hash.key);
}

/** A hash that no password fits, as dear to verify as `like`: unknown names must cost what known ones do. */
export function decoyHash(like?: string): string {
  const { cost, blockSize, parallelization } = (like === undefined ? undefined : read(like)) ?? COST;
  return write({ cost, blockSize, parallelization, salt: randomBytes(SALT_BYTES), key: randomBytes(KEY_BYTES) });
}

function write({ cost, blockSize, parallelization, salt, key }: PasswordHash): string {
  return `scrypt.${cost}.${blockSize}.${parallelization}.${salt.toString('base64url')}.${key.toString('base64url')}`;
}

function read(text: string): PasswordHash | undefined {
  const match = /^scrypt\.(\d{1,8})\.(\d{1,3})\.(\d{1,3})\.([\w-]{1,256})\.([\w-]{1,256})$/.exec(text);
  if (match === null) return undefined;
  const [, cost, blockSize, parallelization, salt, key] = match;
  const n = Number(cost);
  // scrypt takes powers of two alone.
  if (n < 2 || (n & (n - 1)) !== 0 || Number(blockSize) < 1 || Number(parallelization) < 1) return undefined;
  return {
    cost: n,
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
    salt: Buffer.from(salt ?? '', 'base64url'),
    key: Buffer.from(key ?? '', 'base64url'),
  };
}

function derive(password: string, { salt, key, cost, blockSize, parallelization }: PasswordHash): Promise<Buffer> {
  const options = { cost, blockSize, parallelization, maxmem: 2 * 128 * cost * blockSize };
  return new Promise((resolve, reject) => {
    // The same password typed on another keyboard may arrive in another Unicode form.
    scrypt(password.normalize('NFKC'), salt, key.length, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
