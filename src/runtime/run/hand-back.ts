import type { Engine, EngineJob } from '../../engine/index.ts';

/**
 * How a worker returns an unfinished job to the head of its queue, attempts untouched. Rejects when the lock is no longer its own.
 *
 * On Redis through the job itself: asking for the queue gives up on an engine that is away, and a run that ends meanwhile waits for it.
 */
export function handBackOn(engine: Engine, queue: string): (job: EngineJob, token: string) => Promise<void> {
  return async (job, token) => {
    if (engine.kind === 'redis') {
      await job.moveToWait(token);
      return;
    }
    const handedBack = await engine.handBack(queue, [{ jobId: job.id ?? '', token }]);
    if (handedBack.length === 0) {
      throw new Error('The job was not handed back: its lock is no longer held by this worker.');
    }
  };
}
