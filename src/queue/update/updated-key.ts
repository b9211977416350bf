import type { AnyJobContract } from '../../contracts/index.ts';
import type { StoredKey } from '../../engine/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { canonicalJson } from '../keys/canonical-json.ts';
import { contractKeyOf, dataDigest, keyIdOf } from '../keys/job-key.ts';
import type { CheckedData } from './check-update.ts';

/**
 * The key of a job with other data: the same one, so that the job is found under it, and with the digest of the data that it carries now.
 * Undefined where the contract's key of that data is another one. `before`: what it has carried.
 */
export function updatedKey(
  stored: StoredKey,
  contract: AnyJobContract,
  { output, json }: CheckedData,
  before: unknown,
  { present, previous }: Secrets,
): StoredKey | undefined {
  const digests = previous === undefined ? [present] : [present, previous];
  const parts = stored.always === true ? undefined : contractKeyOf(contract, output);
  const under = parts && digests.find(each => keyIdOf(each, contract.name, parts) === stored.id);
  if (parts !== undefined && under === undefined) return undefined;
  if (stored.data === undefined) return stored;
  // A key of the caller's is known to the caller alone: which secret made it shows in the digest of what the job has carried.
  const old = canonicalJson(JSON.stringify(before ?? null));
  const by = under ?? digests.find(each => dataDigest(each, stored.id, old) === stored.data) ?? present;
  return { ...stored, data: dataDigest(by, stored.id, canonicalJson(json)) };
}
