import { hash } from 'node:crypto';
import type { Secrets } from '../../secrets/index.ts';

/** What an effect is called in the ledger. */
export interface EffectName {
  readonly present: string;
  /** Under which it may stand since before: with the secret of before, and as 0.1 named it. */
  readonly before: readonly string[];
}

/** Nothing of scope or key can be read from it. Without secrets, which only tests lack, as 0.1 named it. */
export function effectNameOf(scope: string, key: string, secrets: Secrets | undefined): EffectName {
  const text = JSON.stringify([scope, key]);
  // Never written any more: whoever sees it could try what the key may have been.
  const plain = hash('sha256', text, 'base64url');
  if (secrets === undefined) return { present: plain, before: [] };
  const { present, previous } = secrets;
  return {
    present: present.of('effect', text),
    before: previous === undefined ? [plain] : [previous.of('effect', text), plain],
  };
}
