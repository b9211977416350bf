import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in a time that says nothing about either. Nothing equals what is missing or empty. */
export function sameToken(given: string, expected: string | undefined): boolean {
  if (expected === undefined || expected === '') return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
