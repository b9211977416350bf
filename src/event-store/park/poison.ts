import { storableText } from '../../privacy/index.ts';
import { codeOf } from '../../errors/index.ts';
import { isOutage, isUnreachable } from '../../resilience/index.ts';

/**
 * Whether the database, and not the event, is why a batch failed: connections, shutdowns, full disks, conflicts between transactions,
 * locks that came too late. Such a batch is tried again for as long as it takes.
 */
export function blamesDatabase(error: unknown): boolean {
  return isOutage(error) || isUnreachable(error);
}

/** A statement that took too long, perhaps because the batch is too large for the database's timeout: half of it may do. */
export function isCancelled(error: unknown): boolean {
  return codeOf(error) === '57014';
}

/** An error's message as a column takes it: unmended, the event of that error could be neither parked nor stopped at. */
export function storedReason(error: Error): string {
  return storableText(error.message.slice(0, 500));
}
