import type { AnyJobContract } from '../../contracts/index.ts';
import type { EngineJob } from '../../engine/index.ts';
import { EncryptedDataError, type PayloadCipher, PayloadKeyMissingError } from '../../privacy/index.ts';
import { readMeta } from '../meta/job-meta.ts';
import { decryptedData } from '../prepare/stored-json.ts';

/** What a stored job carries, decrypted: two encryptions of one thing are never the same. @throws PayloadKeyMissingError, EncryptedDataError */
export function plainData(cipher: PayloadCipher, contract: AnyJobContract, { data, opts }: EngineJob): unknown {
  const read = decryptedData(cipher, contract, readMeta(opts.telemetry?.metadata), data);
  if (read.kind === 'data') return read.data;
  throw read.kind === 'missing-key'
    ? new PayloadKeyMissingError(contract.name, read.keyId)
    : new EncryptedDataError(contract.name, read.path);
}

/** The same as JSON. @throws as `plainData` */
export function plainJson(cipher: PayloadCipher, contract: AnyJobContract, job: EngineJob): string {
  return JSON.stringify(plainData(cipher, contract, job)) ?? 'null';
}
