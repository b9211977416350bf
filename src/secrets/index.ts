/**
 * Digests keyed from SHIFTWORK_SECRET: what stands in ids, key names and logs in place of what people give. And the keys of PAYLOAD_KEYS, which
 * `privacy` encrypts with.
 */
export { KeyedDigests } from './keyed-digests.ts';
export { FINGERPRINT_BYTES, parsePayloadKeys, type PayloadKey, PayloadKeys } from './payload-keys.ts';
export { checkSecrets, readSecrets } from './read-secrets.ts';
export { knownSecrets, type GivenSecrets, type Secrets, type SecretSource } from './secrets.ts';
