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

/** Whether the handler was called in the attempt that ended it: a job that is cancelled while it waits, say, was not begun. */
export function hasBegun(lastLine: string | undefined): boolean {
  return lastLine === undefined || lineOf(lastLine)?.begun !== false;
}

function reasonIn(line: string): string | undefined {
  const dead = lineOf(line)?.dead;
  return typeof dead === 'string' && KNOWN.has(dead) ? dead : undefined;
}

/** The lines of history are those of the dead letters: `{"what":"failed", ..., "dead":REASON}`. */
function lineOf(line: string): { readonly dead?: unknown; readonly begun?: unknown } | undefined {
  try {
    const read: unknown = JSON.parse(line);
    const { what, dead, begun }: Partial<Record<string, unknown>> = { ...Object(read) };
    return what === 'failed' ? { dead, begun } : undefined;
  } catch {
    return undefined;
  }
}
