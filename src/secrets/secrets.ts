import { KeyedDigests } from './keyed-digests.ts';

/** What digests are made with, and what those that are still about may have been made with. */
export interface Secrets {
  readonly present: KeyedDigests;
  /** Looked under, never made with. */
  readonly previous: KeyedDigests | undefined;
}

/** Where a process has its secrets from. */
export interface SecretSource {
  /** Undefined until they have been loaded: whoever waits for nobody asks this first. */
  readonly known: Secrets | undefined;
  /** Rejects while what keeps them is away; asked again it tries again. */
  load(): Promise<Secrets>;
}

/** SHIFTWORK_SECRET, SHIFTWORK_SECRET_PREVIOUS and PAYLOAD_KEYS. Without the first an installation has one of its own, in its engine. */
export interface GivenSecrets {
  readonly secret?: string | undefined;
  readonly previousSecret?: string | undefined;
  /** PAYLOAD_KEYS, `id:base64,id:base64`: with the first, fields that contracts `encrypt` are encrypted, with all they are decrypted. */
  readonly payloadKeys?: string | undefined;
}

/** Secrets that are at hand, for tests and for whoever has both. */
export function knownSecrets(secret: string, previous?: string): SecretSource & { readonly known: Secrets } {
  const known: Secrets = {
    present: new KeyedDigests(secret),
    previous: previous === undefined ? undefined : new KeyedDigests(previous),
  };
  return { known, load: async () => known };
}
