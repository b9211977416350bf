/**
 * What may be shown and stored of people's data: redacting fields, scrubbing their values from texts, encrypting fields, errors without what
 * drivers hang on them.
 */
export { bareError } from './bare-error.ts';
export { EncryptedDataError } from './encrypt/encrypted-data-error.ts';
export { ENCRYPTED, encryptedText } from './encrypt/encrypted-text.ts';
export { openCipher } from './encrypt/open-cipher.ts';
export { PayloadCipher, type Decrypted, type Encrypting } from './encrypt/payload-cipher.ts';
export { PayloadKeyMissingError } from './encrypt/payload-key-missing-error.ts';
export { keptData, REDACTED, redactData } from './redact.ts';
export { createScrubber, scrubStart } from './scrub.ts';
export { isTooDeep, scrubDeep, SHOWN_DEPTH, shownData } from './shown-data.ts';
export { isUnstorableJson, shortened, storableText } from './storable-text.ts';
