import type { Request } from 'express';
import { Problem } from './problems.ts';
import type { Digests } from './store/digests.ts';

/**
 * What the request's `Idempotency-Key` stands for: a keyed digest of the key and of whom it belongs to, so that two people who chose the
 * same key do not meet. Undefined without the header.
 */
export async function idempotencyKeyOf(request: Request, owner: string, digests: Digests): Promise<string | undefined> {
  const key = request.get('idempotency-key');
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new Problem(400, 'Expected Idempotency-Key to be 1 to 200 visible characters.');
  }
  return (await digests()).hexOf('key', JSON.stringify([owner, key])).slice(0, 32);
}
