import type { JobRequest } from '../../contracts/index.ts';
import { check, type CheckedJob, type PrepareContext } from '../prepare/prepare.ts';
import type { JobReceipt } from '../store/job-receipt.ts';
import { unavailable, type StoredMany } from '../store/store.ts';
import type { ReadyItem } from './chunk-gatherer.ts';
import { causeOfCall, isGathered, readyItem, type Chunks } from './chunks.ts';

/**
 * Queues items of chunks among others, or alone. All are checked before the first is stored; each has its receipt at its place.
 * @throws as `Client.enqueueMany`
 */
export async function enqueueMixed(
  requests: readonly JobRequest[],
  context: PrepareContext,
  chunks: Chunks,
  storeAll: (jobs: readonly CheckedJob[]) => Promise<StoredMany>,
): Promise<readonly JobReceipt[]> {
  const cause = causeOfCall(context);
  const items: ReadyItem[] = [];
  const jobs: CheckedJob[] = [];
  for (const { contract, data, options } of requests) {
    if (contract.chunk === undefined) jobs.push(check(contract, data, options));
    else items.push(readyItem(context, cause, contract, data, options));
  }
  const [stored, gathered] = await Promise.all([storeAll(jobs), chunks.addMany(items)]);
  const [ofJobs, ofItems] = [stored.receipts.values(), gathered.receipts.values()];
  const receipts = requests.map(request => (isGathered(request) ? ofItems : ofJobs).next().value);
  if (stored.error !== undefined) throw stored.error;
  if (gathered.error !== undefined) throw unavailable(items[0]?.contract.queue ?? '', gathered.error, { receipts });
  return receipts.filter(receipt => receipt !== undefined);
}
