import { createScrubber } from '../../privacy/index.ts';
import type { PayloadContract } from './payload-contract.ts';
import { upgradePayload } from './upgrade.ts';

/**
 * A scrubber for data as it is stored. Of another version than the contract's nobody knows which fields are sensitive: then every text
 * and number in it is removed, and what its upgrade puts into sensitive fields.
 */
export function createStoredScrubber(
  contract: Pick<PayloadContract, 'sensitive' | 'version' | 'upgrade'>,
  { version, data }: { readonly version: number; readonly data: unknown },
): (text: string) => string {
  if (version === contract.version) return createScrubber(contract, data);
  const sensitive = ['data', ...contract.sensitive.map(path => `upgraded.data.${path}`)];
  return createScrubber({ sensitive }, { data, upgraded: upgradePayload(contract, version, data) });
}
