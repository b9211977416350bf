import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a token reads as: a mark by which scanners of repositories find it, its id, and its secret of 32 random bytes. */
const TOKEN = /^swt_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

/** Anywhere in a text, whatever is wrong with the rest of it. */
export const LOOKS_LIKE_A_TOKEN = /swt_[0-9a-f]{4}/i;

export function newTokenText(): { readonly id: string; readonly text: string } {
  const id = randomBytes(8).toString('hex');
  return { id, text: `swt_${id}_${randomBytes(32).toString('base64url')}` };
}

/** Undefined for what is no token. */
export function tokenId(text: string): string | undefined {
  return TOKEN.exec(text)?.[1];
}

/** No keyed or slow digest: what has 256 random bits cannot be guessed from it. */
export function tokenDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Compares in a time that says nothing of either; an unknown token is compared as well, with what nothing equals. */
export function isTokenOf(text: string, digest: string | undefined): boolean {
  const expected = createHash('sha256')
    .update(digest ?? '')
    .digest();
  const given = createHash('sha256').update(tokenDigest(text)).digest();
  return timingSafeEqual(given, expected) && digest !== undefined;
}
