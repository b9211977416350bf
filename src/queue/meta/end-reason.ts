import { DEAD_REASONS } from '../../facts/index.ts';

const KNOWN: ReadonlySet<string> = new Set(['cancelled', ...DEAD_REASONS]);

/**
 * Why a job that failed had no further attempt. Its last line of history says so; a job that is read without its log is known by the code in
 * front of what it failed with. Undefined where another program ended it.
 */
export function endReasonOf(message: string, lastLine?: string): string | undefined {
  const said = lastLine === undefined ? undefined : reasonIn(lastLine);
  if (said !== undefined) return said;
  if (message.startsWith('JOB_CANCELLED: ')) return 'cancelled';
  return message.startsWith('JOB_EXPIRED: ') ? 'expired' : undefined;
}

/** The lines of history are written by the dead letters: `{"what":"failed", ..., "dead":REASON}`. */
function reasonIn(line: string): string | undefined {
  try {
    const read: unknown = JSON.parse(line);
    if (typeof read !== 'object' || read === null || !('what' in read && 'dead' in read)) return undefined;
    const { what, dead } = read;
    return what === 'failed' && typeof dead === 'string' && KNOWN.has(dead) ? dead : undefined;
  } catch {
    return undefined;
  }
}
