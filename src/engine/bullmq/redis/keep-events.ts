import type { RedisClient } from '../../../redis/index.ts';

/**
 * Leans on BullMQ 6.7's hash `meta` of a queue: its scripts read there how many events the queue keeps, and write 10,000 where it does not say. The
 * hash is what makes a queue known (see queue-names.ts), so only those write it who add to the queue. `key`: what all keys of the queue begin with.
 */
export async function keepEvents(redis: RedisClient, key: string, most: number): Promise<void> {
  await redis.hsetnx(`${key}meta`, 'opts.maxLenEvents', most);
}
