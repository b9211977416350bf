import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { jobFieldsOf, readStoredJob } from '../../queue/index.ts';

/** Says that a job went back because nobody had claimed it any more. What is said of it is read from the job, as far as it can be. */
export async function emitStalled(engine: Engine, facts: Facts, queue: string, jobId: string): Promise<void> {
  if (!facts.wants('job.stalled')) return;
  const read = engine.queue(queue).then(holder => readStoredJob(holder, jobId));
  const job = await read.catch(() => undefined);
  facts.emit('job.stalled', { ...(job !== undefined && jobFieldsOf(job, queue)), jobId, queue });
}
