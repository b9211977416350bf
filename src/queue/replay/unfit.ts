import { decodePayload, type AnyJobContract } from '../../contracts/index.ts';
import type { EngineJob } from '../../engine/index.ts';
import { readMeta } from '../meta/job-meta.ts';

/** Why a job would only end again if it ran as it is, found out before it is put back; undefined where nothing is known against it. */
export async function unfit(
  contract: AnyJobContract,
  job: EngineJob,
  now: number,
): Promise<'expired' | 'unreadable' | undefined> {
  const { expiresAfterMs } = contract;
  if (expiresAfterMs !== undefined && now - job.timestamp > expiresAfterMs) return 'expired';
  const decoded = await decodePayload(contract, readMeta(job.opts.telemetry?.metadata).version, job.data);
  return decoded.kind === 'data' ? undefined : 'unreadable';
}
