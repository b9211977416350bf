import type { Redis } from 'ioredis';
import { signOf } from '../../resilience/index.ts';

/**
 * ioredis states that its SELECT was refused and goes on, in database 0: another program's, or another installation's. Here such a
 * connection is cut before it is used, and tried again.
 */
export function insistOnDatabase(redis: Redis): void {
  redis.on('error', error => {
    if (isRefusedSelect(error)) redis.stream.destroy();
  });
}

/** Whatever the reason: also credentials that may not. */
export function isRefusedSelect(error: unknown): boolean {
  if (!(error instanceof Error) || !('command' in error)) return false;
  const { command } = error;
  return typeof command === 'object' && command !== null && 'name' in command && command.name === 'select';
}

/** The server has no database of that number: nothing that goes away by waiting. */
export function isMissingDatabase(error: unknown): boolean {
  return isRefusedSelect(error) && signOf(error) === 'NODB';
}
