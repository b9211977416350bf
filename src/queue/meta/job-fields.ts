import type { EngineJob } from '../../engine/index.ts';
import type { JobFields } from '../../facts/index.ts';
import { readMeta, traceIdOf } from './job-meta.ts';

/** What every fact about a job says of it, read from the job itself: for one that no run of ours knows. */
export function jobFieldsOf(job: EngineJob, queue: string): JobFields {
  const { correlationId, traceparent } = readMeta(job.opts.telemetry?.metadata);
  const jobId = job.id ?? '';
  return { jobId, jobName: job.name, queue, correlationId: correlationId ?? jobId, traceId: traceIdOf(traceparent) };
}
