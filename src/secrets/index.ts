/** Digests keyed from SHIFTWORK_SECRET: what stands in ids, key names and logs in place of what people give. */
export { KeyedDigests, type Purpose } from './keyed-digests.ts';
export { checkSecrets, readSecrets, SHORTEST_SECRET } from './read-secrets.ts';
export { knownSecrets, type GivenSecrets, type Secrets, type SecretSource } from './secrets.ts';
