import type { RedisAddress } from '../config/index.ts';

/** The beginning of all keys that are used together and belong to no queue. On a cluster they share one slot, by braces. */
export function ownKey({ kind }: Pick<RedisAddress, 'kind'>, name: string): string {
  return kind === 'cluster' ? `{${name}}` : name;
}
