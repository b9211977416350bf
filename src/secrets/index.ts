/** Digests keyed from SHIFTWORK_SECRET: what stands in ids, key names and logs in place of what people give. */
export { KeyedDigests } from './keyed-digests.ts';
export { checkSecrets, readSecrets } from './read-secrets.ts';
export { knownSecrets, type GivenSecrets, type Secrets, type SecretSource } from './secrets.ts';
