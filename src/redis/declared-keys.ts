import type { Cluster, Redis } from 'ioredis';

/** A connection for commands: to one server, or to all masters of a cluster. */
export type RedisClient = Redis | Cluster;

/**
 * The keys that a script declares. While a slot moves to another server of a cluster its keys are on both, and a script that has begun fails at the
 * first key that is not here: in the middle of what it does. A server refuses it before it begins, with TRYAGAIN, where one of the declared keys is
 * missing. So on a cluster there is one more, which never exists; the driver tries again until the slot has moved.
 */
export function declaredKeys(
  { isCluster }: Pick<RedisClient, 'isCluster'>,
  keys: readonly string[],
): readonly string[] {
  const [first] = keys;
  return isCluster && first !== undefined ? [...keys, `${first}:~moving`] : keys;
}
