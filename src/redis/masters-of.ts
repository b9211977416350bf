import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './declared-keys.ts';

/** The connection to each server that holds keys: one, or the masters of a cluster that are known. */
export function mastersOf(redis: RedisClient): readonly Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}
