const CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH']);

/** True for what the drivers throw while the engine is away. Only decides about words: such an error is a failure either way. */
export function isConnectionFault(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string' && (CODES.has(error.code) || error.code.startsWith('57P')))
    return true;
  return /connection (is closed|terminated|timeout)|enableOfflineQueue|max(imum)? ?retries|command timed out|timeout (exceeded|expired)/i.test(
    error.message,
  );
}
