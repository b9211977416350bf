import { mastersOf, type RedisClient, type RedisKeys } from '../../../redis/index.ts';

const AT_ONCE = 1_000;

/**
 * BullMQ has no list of its queues: each has a key `PREFIX:QUEUE:meta`. All keys are looked through, a thousand a step, on each master of a cluster;
 * between the steps Redis serves everybody else.
 */
export async function redisQueueNames(redis: RedisClient, { metas }: RedisKeys): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const server of mastersOf(redis)) {
    let cursor = '0';
    do {
      const [next, keys] = await server.scan(cursor, 'MATCH', metas.pattern, 'COUNT', AT_ONCE);
      for (const key of keys) {
        const name = metas.nameIn(key);
        if (name !== undefined) names.add(name);
      }
      cursor = next;
    } while (cursor !== '0');
  }
  return [...names].toSorted();
}
