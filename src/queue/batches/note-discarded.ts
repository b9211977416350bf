import type { Engine, EngineJob } from '../../engine/index.ts';
import { readMeta } from '../meta/job-meta.ts';

/** A batch whose member it was waits for no end and no replay of it any more. */
export async function noteDiscarded(engine: Engine, job: EngineJob): Promise<void> {
  const { batchId } = readMeta(job.opts.telemetry?.metadata);
  if (batchId === undefined || job.id === undefined) return;
  const at = Math.floor(engine.clock.now());
  await (await engine.batches()).bring([{ batchId, jobId: job.id, state: 'discarded', at }], at);
}
