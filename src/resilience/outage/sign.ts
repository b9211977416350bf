import { codeOf } from '../../errors/index.ts';

/**
 * What drivers say without any code: the whole text as it stands in their source (a test compares it with the installed drivers), and
 * the code that says the same. Whole texts and never words in them: a text of somebody else's may hold any word.
 */
export const TEXTS: Readonly<Record<string, string>> = {
  // pg 8 and pg-pool 3
  'Connection terminated': 'ECONNRESET',
  'Connection terminated unexpectedly': 'ECONNRESET',
  'Client has encountered a connection error and is not queryable': 'ECONNRESET',
  'Client was closed and is not queryable': 'ECONNRESET',
  'Cannot use a pool after calling end on the pool': 'ECONNRESET',
  'Query read timeout': 'ETIMEDOUT',
  'timeout expired': 'ETIMEDOUT',
  'timeout exceeded when trying to connect': 'ETIMEDOUT',
  'Connection terminated due to connection timeout': 'ETIMEDOUT',
  'The server does not support SSL connections': 'EPROTO',
  'There was an error establishing an SSL connection': 'EPROTO',
  // ioredis 6
  'Connection is closed.': 'ECONNRESET',
  "Stream isn't writeable and enableOfflineQueue options is false": 'ECONNRESET',
  'Command aborted due to connection close': 'ECONNRESET',
  'Command timed out': 'ETIMEDOUT',
  // Its clusters
  "Cluster isn't ready and enableOfflineQueue options is false": 'ECONNRESET',
  'None of startup nodes is available': 'ECONNREFUSED',
  'Failed to refresh slots cache.': 'ECONNREFUSED',
  'Cluster is ended.': 'ECONNRESET',
  // amqplib 2
  'Unexpected close': 'ECONNRESET',
  'Heartbeat timeout': 'ETIMEDOUT',
  'Socket closed abruptly during opening handshake': 'ECONNRESET',
  'Channel ended, no reply will be forthcoming': 'ECONNRESET',
};

/** The same, where the text goes on with a number. */
export const BEGINNINGS: Readonly<Record<string, string>> = {
  'Socket timeout. Expecting data, but': 'ETIMEDOUT',
  'Reached the max retries per request limit': 'ETIMEDOUT',
  'Too many Cluster redirections. Last error:': 'CLUSTERDOWN',
};

/** Replies of Redis that begin with the word of any error, `ERR`: again the whole text. */
const ERR_REPLIES: Readonly<Record<string, string>> = {
  'ERR max number of clients reached': 'MAXCLIENTS',
  'ERR DB index is out of range': 'NODB',
  'ERR invalid DB index': 'NODB',
  'ERR SELECT is not allowed in cluster mode': 'NODB',
  'ERR invalid password': 'WRONGPASS',
  'ERR This instance has cluster support disabled': 'NOCLUSTER',
  'ERR operation not permitted': 'NOAUTH',
};

/**
 * The code that an error goes by: its own; of a reply of Redis its first word; of a text that a driver throws without a code the code
 * that says the same. Undefined for an error that none of them has made.
 */
export function signOf(thrown: unknown): string | undefined {
  const code = codeOf(thrown);
  if (code !== undefined) return code;
  const [name, message] = saidBy(thrown);
  if (message === undefined) return undefined;
  const [part] = partsOf(thrown);
  if (part !== undefined) return signOf(part);
  if (name === 'ReplyError') return replyWord(message);
  const text = TEXTS[message];
  if (text !== undefined) return text;
  return Object.entries(BEGINNINGS).find(([beginning]) => message.startsWith(beginning))?.[1];
}

/** Before 7.0 Redis wraps what a script was refused: `ERR Error running script (call to f_...): @user_script:1: ... -OOM command not allowed`. */
const IN_SCRIPT = /^ERR Error running script \(call to [^)]*\): .*?: -([A-Z]+) /;

/** What 7.0 and those before say where a script does what its user may not, and the name of the script behind it. */
const NO_RIGHT_IN_SCRIPT =
  /^ERR (?:Error running script \(call to [^)]*\): .*?: )?The user executing the script can't /;

function replyWord(message: string): string | undefined {
  const known = ERR_REPLIES[message] ?? (NO_RIGHT_IN_SCRIPT.test(message) ? 'NOPERM' : undefined);
  return known ?? IN_SCRIPT.exec(message)?.[1] ?? /^[A-Z]{2,}(?= |$)/.exec(message)?.[0];
}

/** Several addresses were tried, or a MULTI of Redis was discarded because of what was refused in it: the first speaks for all. */
function partsOf(thrown: unknown): readonly unknown[] {
  if (thrown instanceof AggregateError) return thrown.errors;
  return thrown instanceof Error && 'previousErrors' in thrown && Array.isArray(thrown.previousErrors)
    ? thrown.previousErrors
    : [];
}

function saidBy(thrown: unknown): readonly [name?: string, message?: string] {
  try {
    if (!(thrown instanceof Error) || typeof thrown.message !== 'string') return [];
    return [thrown.name, thrown.message];
  } catch {
    // A proxy, say.
    return [];
  }
}
