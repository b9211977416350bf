/**
 * How long after a lock was taken or renewed a worker renews it, at the latest. A handler may then compute without a pause for two thirds
 * of the lock, and nobody else gets its job: BullMQ's own half of the lock leaves only that half.
 */
export function lockRenewalMs(lockMs: number): number {
  return lockMs / 5;
}
