import type { Redis } from 'ioredis';

const AT_ONCE = 1_000;

/**
 * BullMQ has no list of its queues: each has a key `PREFIX:QUEUE:meta`. All keys are looked through, a thousand a step; between the steps
 * Redis serves everybody else.
 */
export async function redisQueueNames(redis: Redis, prefix: string): Promise<readonly string[]> {
  const names = new Set<string>();
  const [before, after] = [`${prefix}:`, ':meta'];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${before}*${after}`, 'COUNT', AT_ONCE);
    for (const key of keys) {
      const name = key.slice(before.length, -after.length);
      // The platform's own keys begin with a tilde; a colon is in no queue's name.
      if (name !== '' && !name.startsWith('~') && !name.includes(':')) names.add(name);
    }
    cursor = next;
  } while (cursor !== '0');
  return [...names].toSorted();
}
