import type { RedisClient } from './declared-keys.ts';
import { FlowAcrossSlotsError } from './flow-across-slots-error.ts';
import { slotOf } from './key-slot.ts';

/**
 * A job and its parent are written in one script. On a cluster that wants them in one slot; in two it is refused, or, where one server holds both by
 * chance, works until it does not.
 * @param key any key of the job's queue
 * @param parentKey the parent's, `PREFIX:QUEUE:ID`
 * @throws FlowAcrossSlotsError
 */
export function requireOneSlot({ isCluster }: Pick<RedisClient, 'isCluster'>, key: string, parentKey: string): void {
  if (!isCluster || slotOf(key) === slotOf(parentKey)) return;
  throw new FlowAcrossSlotsError(queueOf(key), queueOf(parentKey));
}

/** The last but one of `PREFIX:QUEUE:REST`; the prefix may have colons. */
function queueOf(key: string): string {
  return key.split(':').at(-2) ?? '';
}
