import type { Redis } from 'ioredis';
import type { Pool } from 'pg';

/** How many events both subjects keep. */
const EVENTS_KEPT = 1_000;

export async function clearRedis(redis: Redis, queue: string): Promise<void> {
  await redis.flushall();
  await redis.hset(`bull:${queue}:meta`, 'opts.maxLenEvents', EVENTS_KEPT);
}

/** `pool`: on BullMQ's schema. */
export async function clearPostgres(pool: Pool, queue: string): Promise<void> {
  await pool.query('TRUNCATE job, job_log, job_dependency, event, dedup, dedup_next');
  await pool.query('DELETE FROM meta');
  await pool.query("INSERT INTO meta (queue, field, value) VALUES ($1, 'opts.maxLenEvents', $2)", [
    queue,
    String(EVENTS_KEPT),
  ]);
}
