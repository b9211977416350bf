import type { Engine, EngineJob } from '../engine/index.ts';

/**
 * Returns an unfinished job to the head of its queue, its attempts untouched. Rejects when the lock is no longer ours.
 *
 * Redis does it in one script. PostgreSQL puts the job at the tail and answers a wrong token with silence, so there the
 * state is read back and the place corrected.
 */
export function handBackOn(kind: Engine['kind']): (job: EngineJob, token: string) => Promise<void> {
  return kind === 'redis' ? onRedis : onPostgres;
}

async function onRedis(job: EngineJob, token: string): Promise<void> {
  await job.moveToWait(token);
}

async function onPostgres(job: EngineJob, token: string): Promise<void> {
  await job.moveToWait(token);
  const state = await job.getState();
  if (state === 'active') throw new Error('The job was not handed back: its lock is no longer held by this worker.');
  await job.changePriority({ priority: job.priority, lifo: true });
}
