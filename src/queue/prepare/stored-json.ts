import { MAX_PAYLOAD_BYTES, PayloadTooLargeError, type AnyJobContract } from '../../contracts/index.ts';
import type { Decrypted, PayloadCipher } from '../../privacy/index.ts';
import type { JobMeta } from '../meta/job-meta.ts';

/** A third more than the data may have, and an envelope for each field: what is encrypted is larger than it was. */
const MOST_STORED_BYTES = 2 * MAX_PAYLOAD_BYTES;

type Encrypts = Pick<AnyJobContract, 'name' | 'encrypt'>;

/** The JSON of data as it is stored. @throws PayloadKeyMissingError, PayloadTooLargeError */
export function storedJson(cipher: PayloadCipher | undefined, contract: Encrypts, data: unknown, json: string): string {
  if (cipher === undefined || contract.encrypt.length === 0) return json;
  const stored = JSON.stringify(cipher.encrypt(contract, data));
  const bytes = Buffer.byteLength(stored);
  if (bytes > MOST_STORED_BYTES) throw new PayloadTooLargeError(contract.name, bytes, MOST_STORED_BYTES);
  return stored;
}

/** What is noted on a job whose data has encrypted fields: a later release may know them by other names. */
export function encryptedIn(
  cipher: PayloadCipher | undefined,
  { encrypt }: Pick<AnyJobContract, 'encrypt'>,
): readonly string[] | undefined {
  return cipher === undefined || encrypt.length === 0 ? undefined : encrypt;
}

/**
 * Stored data as it was before it was encrypted: of the fields that were noted on the job, and, of one that another program has added or changed,
 * of those that its contract encrypts. No other field is looked at: what a caller writes there may look as it likes.
 */
export function decryptedData(
  cipher: PayloadCipher,
  contract: Encrypts | undefined,
  { encrypted }: Pick<JobMeta, 'encrypted'>,
  data: unknown,
): Decrypted {
  if (contract === undefined || (encrypted === undefined && contract.encrypt.length === 0))
    return { kind: 'data', data };
  const encrypt = encrypted ?? contract.encrypt;
  return cipher.decrypt({ name: contract.name, encrypt }, data);
}
