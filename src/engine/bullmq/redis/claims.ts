import type { RedisClient } from '../../../redis/index.ts';
import type { Claim, EngineQueue } from '../../engine.ts';

/** Reads who holds which job: the list of active jobs, the name that claimed each (`pb`), its lock's value and how long that lasts. */
export async function redisClaims(redis: RedisClient, queueKey: string): Promise<Claim[]> {
  // The last to be claimed stands first there.
  const ids = (await redis.lrange(`${queueKey}:active`, 0, -1)).toReversed();
  if (ids.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const id of ids) {
    const lock = `${queueKey}:${id}:lock`;
    pipeline.hmget(`${queueKey}:${id}`, 'pb', 'name').get(lock).pttl(lock);
  }
  const answers = (await pipeline.exec()) ?? [];
  return ids.flatMap((jobId, index) => {
    const stored = answers[3 * index]?.[1];
    const [worker, name]: readonly unknown[] = Array.isArray(stored) ? stored : [];
    const token = answers[3 * index + 1]?.[1];
    const leftMs = Number(answers[3 * index + 2]?.[1]);
    // Without a lock nobody can act for the worker any more: the stall check returns the job.
    if (typeof token !== 'string') return [];
    return [
      { jobId, jobName: textOr('', name), token, worker: textOr(undefined, worker), lockLeftMs: Math.max(0, leftMs) },
    ];
  });
}

/** One script a job, sent together. */
export async function redisHandBack(
  queue: EngineQueue,
  claims: readonly Pick<Claim, 'jobId' | 'token'>[],
): Promise<string[]> {
  const backend = queue.getBackend();
  // The one that goes last ends at the head.
  const order = claims.toReversed();
  const results = await Promise.allSettled(
    order.map(({ jobId, token }) => backend.moveJobFromActiveToWait(jobId, token)),
  );
  const handedBack = order.filter((_, index) => results[index]?.status === 'fulfilled').map(({ jobId }) => jobId);
  const failed = results.find(each => each.status === 'rejected' && !isRefusal(each.reason));
  if (handedBack.length === 0 && failed?.status === 'rejected') throw failed.reason;
  return handedBack;
}

/** BullMQ's scripts answer with a negative number where a job is gone or its lock is another's. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'number' && cause.code < 0;
}

function textOr<Other>(other: Other, value: unknown): string | Other {
  return typeof value === 'string' ? value : other;
}
