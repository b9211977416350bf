import type { Engine, EngineJob } from '../../engine/index.ts';
import { readMeta } from '../meta/job-meta.ts';

/**
 * A batch whose member was removed waits for no end and no replay of it any more: a dead one is discarded, one that had not ended is not wanted any
 * more, as if it were cancelled.
 */
export async function noteDiscarded(
  engine: Pick<Engine, 'batches' | 'clock'>,
  job: Pick<EngineJob, 'id' | 'opts'>,
  as: 'discarded' | 'cancelled' = 'discarded',
): Promise<void> {
  const { batchId } = readMeta(job.opts.telemetry?.metadata);
  if (batchId === undefined || job.id === undefined) return;
  const at = Math.floor(engine.clock.now());
  await (await engine.batches()).bring([{ batchId, jobId: job.id, state: as, at }], at);
}
