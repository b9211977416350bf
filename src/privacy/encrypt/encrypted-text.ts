import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { FINGERPRINT_BYTES, type PayloadKey } from '../../secrets/index.ts';

/** Shown in the place of what is encrypted. */
export const ENCRYPTED = '[encrypted]';

const IV_BYTES = 12;
const TAG_BYTES = 16;
const BEGINNING = 'encrypted:v1:';
/** `encrypted:v1:KEY-ID:BASE64URL` of the key's fingerprint, nonce, tag and text. */
const FORM = /^encrypted:v1:([A-Za-z0-9._-]{1,40}):([A-Za-z0-9_-]{43,})$/;

/** What an encrypted value says of itself. */
export interface EncryptedText {
  readonly keyId: string;
  readonly fingerprint: Buffer;
  /** Nonce, tag and text. */
  readonly bytes: Buffer;
}

/**
 * Undefined for what was never encrypted: stored before its contract encrypted the field, or written by another program. `damaged` for what was, and was
 * cut short or changed so that not even its key can be told: taken for a plain value, a handler would work with it.
 */
export function encryptedText(value: unknown): EncryptedText | 'damaged' | undefined {
  if (typeof value !== 'string' || !value.startsWith(BEGINNING)) return undefined;
  const [, keyId, body] = FORM.exec(value) ?? [];
  if (keyId === undefined || body === undefined) return 'damaged';
  const bytes = Buffer.from(body, 'base64url');
  return { keyId, fingerprint: bytes.subarray(0, FINGERPRINT_BYTES), bytes: bytes.subarray(FINGERPRINT_BYTES) };
}

/** AES-256-GCM with a fresh nonce. `boundTo` is authenticated with it: nowhere else it can be decrypted. */
export function encryptText({ id, key, fingerprint }: PayloadKey, text: string, boundTo: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(boundTo));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `encrypted:v1:${id}:${Buffer.concat([fingerprint, iv, cipher.getAuthTag(), body]).toString('base64url')}`;
}

/** Undefined where key, text or what it is bound to is another. */
export function decryptText({ key }: PayloadKey, { bytes }: EncryptedText, boundTo: string): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(boundTo));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const body = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
    return Buffer.concat([body, decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
