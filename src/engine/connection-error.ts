/** Said in our words: a driver's message may be empty (several addresses tried) or carry more than it should. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'no answer came in time',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  ENOENT: 'the socket does not exist',
  '28P01': 'the credentials were refused',
  '28000': 'the credentials were refused',
  '3D000': 'the database does not exist',
  '53300': 'the server has no connection left',
  '57P01': 'the server is shutting down',
  '57P02': 'the server has crashed and restarts',
  '57P03': 'the server is starting up or shutting down',
};

const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/NOAUTH|WRONGPASS|invalid password|password is supplied/i, 'the credentials were refused'],
  [/timed? ?out|timeout|maxRetriesPerRequest/i, 'no answer came in time'],
  [/LOADING/, 'the server is loading its data'],
  [/DB index|cluster mode/i, 'it has no database of the number in the URL'],
  [
    /connection (is )?closed|connection terminated|stream isn't writeable|connection lost/i,
    'the connection was closed',
  ],
  [/certificate|self-signed|TLS|SSL/i, 'the secure connection could not be made'],
];

/** Why the engine cannot be reached, for people; never the driver's own text. */
export function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  const known = code === undefined ? undefined : REASONS[code];
  if (known !== undefined) return known;
  const message = cause instanceof Error ? cause.message : '';
  const match = MESSAGES.find(([pattern]) => pattern.test(message));
  if (match !== undefined) return match[1];
  return cause === undefined ? 'no answer came in time' : `it failed with ${code ?? nameOf(cause)}`;
}

/** True for errors that say "the engine is away", as opposed to "the engine said no". */
export function isConnectionError(cause: unknown): boolean {
  const code = codeOf(cause);
  if (code !== undefined && (code in REASONS || code.startsWith('08'))) return true;
  const message = cause instanceof Error ? cause.message : '';
  return MESSAGES.some(([pattern]) => pattern.test(message));
}

/** The driver's or server's code of an error, such as `ECONNREFUSED` or `57P03`. */
export function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'an unknown error';
}
