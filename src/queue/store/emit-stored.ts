import type { Facts } from '../../facts/index.ts';
import { traceIdOf } from '../meta/job-meta.ts';
import type { PreparedJob } from '../prepare/prepare.ts';
import type { JobReceipt } from './job-receipt.ts';

/** Whether anybody wants to know: else nobody need be told. */
export function isStoringHeard(facts: Facts): boolean {
  return facts.wants('job.enqueued') || facts.wants('job.deduplicated');
}

/** Emits what became of a job that was to be queued. `items`: of a chunk. */
export function emitStored(facts: Facts, job: PreparedJob, receipt: JobReceipt, items?: number): void {
  const name = receipt.deduplicated ? 'job.deduplicated' : 'job.enqueued';
  if (!facts.wants(name)) return;
  const fields = {
    jobId: receipt.id,
    jobName: receipt.name,
    queue: receipt.queue,
    correlationId: job.correlationId,
    traceId: traceIdOf(job.traceparent),
  };
  if (receipt.deduplicated) facts.emit('job.deduplicated', fields);
  else facts.emit('job.enqueued', { ...fields, delayMs: job.delayMs, ...(items !== undefined && { items }) });
}
