import { answeredLate } from '../../errors/index.ts';
import type { PayloadContract } from './payload-contract.ts';

/** Data as the contract's version has it, or why it cannot be that. */
export type Upgraded =
  { readonly kind: 'data'; readonly data: unknown } | { readonly kind: 'unreadable'; readonly detail: string };

/** Takes stored data step by step to the contract's version; a step may change what it is given. Never throws. */
export function upgradePayload(
  contract: Pick<PayloadContract, 'version' | 'upgrade'>,
  version: number,
  stored: unknown,
): Upgraded {
  if (version === contract.version) return { kind: 'data', data: stored };
  let step = version;
  try {
    let data: unknown = structuredClone(stored);
    for (; step < contract.version; step += 1) {
      const upgrade = contract.upgrade[step];
      if (upgrade === undefined) {
        return { kind: 'unreadable', detail: `it is version ${version}, and no upgrade leads from version ${step}` };
      }
      data = upgrade(data);
      if (answeredLate(data)) {
        return {
          kind: 'unreadable',
          detail: `the upgrade from version ${step} is asynchronous: a step is a function that answers at once`,
        };
      }
    }
    return { kind: 'data', data };
  } catch {
    // The thrown message may repeat the data.
    return { kind: 'unreadable', detail: `the upgrade from version ${step} failed` };
  }
}
