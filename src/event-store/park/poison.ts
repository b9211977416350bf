import { storableText } from '../../privacy/index.ts';
import { KeyRingError } from '../privacy/key-ring-error.ts';
import { codeOf } from '../store-fault.ts';

/** What a socket fails with. Any other of Node's codes, such as ENOENT, is the handler's own affair. */
const NETWORK: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
]);

/**
 * Whether the database, and not the event, is why a batch failed: connections, shutdowns, full disks, conflicts between transactions,
 * locks that came too late. Such a batch is tried again for as long as it takes.
 */
export function isOutage(error: unknown): boolean {
  // The keys of personal data are away: the event is as good as it was.
  if (error instanceof KeyRingError) return true;
  const code = codeOf(error);
  if (code !== undefined) {
    return /^(08...|53...|57P0.|57014|40001|40P01|55P03|25P0[34])$/.test(code) || isNetwork(code, error);
  }
  // The driver gives no code where the connection ends under a query, or none is free in time.
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded|Client has encountered|Query read timeout|Cannot use a pool)/i.test(
      error.message,
    )
  );
}

/** Also a socket in the file system that is not there: `connect ENOENT`. */
function isNetwork(code: string, error: unknown): boolean {
  return NETWORK.has(code) || (error instanceof Error && 'syscall' in error && error.syscall === 'connect');
}

/** A statement that took too long, perhaps because the batch is too large for the database's timeout: half of it may do. */
export function isCancelled(error: unknown): boolean {
  return codeOf(error) === '57014';
}

/** Something that can be asked: what was thrown may be a proxy, or an error whose message is no text. */
export function toError(cause: unknown): Error {
  try {
    if (cause instanceof Error && typeof cause.message === 'string') {
      codeOf(cause);
      return cause;
    }
  } catch {
    return new Error('It failed with something that cannot be looked at.');
  }
  return new Error('It failed without saying why.');
}

/** An error's message as a column takes it: unmended, the event of that error could be neither parked nor stopped at. */
export function storedReason(error: Error): string {
  return storableText(error.message.slice(0, 500));
}
