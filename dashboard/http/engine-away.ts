import { EngineUnreachableError, QueueUnavailableError } from '../../src/errors/index.ts';

const CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH']);
const WORDS =
  /connection (is closed|terminated|timeout)|enableOfflineQueue|max(imum)? ?retries|command timed out|timeout (exceeded|expired)/i;

/**
 * True for what is thrown while the engine is away, by the engine and by the drivers under BullMQ. Decides about words and log
 * lines alone: such an error is a failure either way.
 */
export function isEngineAway(error: unknown): boolean {
  if (error instanceof EngineUnreachableError || error instanceof QueueUnavailableError) return true;
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // 57P: PostgreSQL is shutting down or starting up.
  return CODES.has(code) || code.startsWith('57P') || WORDS.test(error.message);
}
