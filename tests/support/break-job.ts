import { Redis } from 'ioredis';
import type { EngineFixture } from './engines.ts';

/** Overwrites the stored data of a job on Redis with a text that is no JSON. */
export async function breakStoredJob(
  { url, namespace }: Pick<EngineFixture, 'url' | 'namespace'>,
  queue: string,
  jobId: string,
): Promise<void> {
  const redis = new Redis(url);
  try {
    await redis.hset(`${namespace}:${queue}:${jobId}`, 'data', '{"text": "cut o');
  } finally {
    redis.disconnect();
  }
}
