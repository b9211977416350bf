import type { Redis } from 'ioredis';
import type { Claim } from '../engine.ts';

/** Reads who holds which job: the list of active jobs, the name that claimed each (`pb`) and its lock's value. */
export async function redisClaims(redis: Redis, queueKey: string): Promise<Claim[]> {
  const ids = await redis.lrange(`${queueKey}:active`, 0, -1);
  if (ids.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hget(`${queueKey}:${id}`, 'pb').get(`${queueKey}:${id}:lock`);
  const answers = (await pipeline.exec()) ?? [];
  return ids.flatMap((jobId, index) => {
    const worker = answers[2 * index]?.[1];
    const token = answers[2 * index + 1]?.[1];
    // Without a lock nobody can act for the worker any more: the stall check returns the job.
    if (typeof token !== 'string') return [];
    return [{ jobId, token, worker: typeof worker === 'string' ? worker : undefined }];
  });
}
