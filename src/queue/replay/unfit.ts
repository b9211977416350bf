import { decodePayload, type AnyJobContract } from '../../contracts/index.ts';
import type { EngineJob } from '../../engine/index.ts';
import type { PayloadCipher } from '../../privacy/index.ts';
import { readMeta } from '../meta/job-meta.ts';
import { decryptedData } from '../prepare/stored-json.ts';

/** Why a job would only end again if it ran as it is, found out before it is put back; undefined where nothing is known against it. */
export async function unfit(
  cipher: PayloadCipher,
  contract: AnyJobContract,
  job: EngineJob,
  now: number,
): Promise<'expired' | 'unreadable' | undefined> {
  const { expiresAfterMs } = contract;
  if (expiresAfterMs !== undefined && now - job.timestamp > expiresAfterMs) return 'expired';
  const meta = readMeta(job.opts.telemetry?.metadata);
  const read = decryptedData(cipher, contract, meta, job.data);
  // Workers have the key, or pause the contract until they have.
  if (read.kind === 'missing-key') return undefined;
  if (read.kind === 'damaged') return 'unreadable';
  const decoded = await decodePayload(contract, meta.version, read.data);
  return decoded.kind === 'data' ? undefined : 'unreadable';
}
