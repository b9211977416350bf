import { DRIVER_PARAMETERS } from './driver-urls.ts';
import { parameterProblems, type UrlParameters } from './url-parameters.ts';

export interface UrlOptions {
  /** With the colon, as in `new URL().protocol`. */
  readonly protocols: readonly string[];
  /** What it may say behind the `?`; what drivers honour is known for the schemes of Redis, PostgreSQL and RabbitMQ. */
  readonly parameters?: UrlParameters | undefined;
  /** False where nobody would send a user name and a password. */
  readonly credentials?: boolean;
}

export type ParsedUrl =
  | { readonly url: URL; readonly problems?: undefined }
  | { readonly url?: undefined; readonly problems: readonly [string, ...string[]] };

const ESCAPES = 'In a user name or password, % is written %25, / is %2F, ? is %3F, # is %23, @ is %40';

/**
 * Reads a URL so that its driver reads the same, or says what is wrong. Drivers differ in what they do with an odd one: they throw, pass
 * over it, or call another host. Nothing of the URL is repeated but its scheme and the names of its parameters: it may carry a password,
 * also a malformed one.
 * @param name what the messages call it, such as `REDIS_URL`
 */
export function parseUrl(
  name: string,
  text: string,
  { protocols, parameters, credentials = true }: UrlOptions,
): ParsedUrl {
  const refused = (...problems: [string, ...string[]]): ParsedUrl => ({ problems });
  // The parser drops them, also from a password.
  if (/\p{Cc}/u.test(text)) return refused(`Expected ${name} to be one line without control characters.`);
  const url = URL.parse(withHost(text));
  if (url === null || !protocols.includes(url.protocol)) {
    const expected = protocols.map(protocol => `${protocol}//`).join(' or ');
    const found = url === null ? `no valid URL. ${ESCAPES}` : `"${url.protocol}//..."`;
    return refused(`Expected ${name} to be a URL that starts with ${expected}, got ${found}.`);
  }
  if (![url.username, url.password].every(isEncoded) || (isDriver(url) && !isEncoded(url.host + url.pathname))) {
    return refused(
      `Expected ${name} to be percent-encoded, got a % that is not followed by the code of a character. ${ESCAPES}.`,
    );
  }
  if (!credentials && (url.username !== '' || url.password !== '')) {
    return refused(`Expected ${name} to have neither a user name nor a password.`);
  }
  // Where the password holds one of these, the host is only what stood before it.
  if (text.includes('#') || (isDriver(url) && `${url.pathname}${url.search}`.includes('@'))) {
    return refused(`Expected ${name} to have neither a # nor, behind its host, an @. ${ESCAPES}.`);
  }
  // A port that nobody listens on; some drivers take it for their default, and others ask the system.
  if (url.port === '0') return refused(`Expected ${name} to have a port from 1 to 65535, got 0.`);
  if (isRedis(url) && !namesDatabase(url)) {
    return refused(`Expected ${name} to end with the number of a database, such as /0, or without one.`);
  }
  const known = parameters ?? DRIVER_PARAMETERS[url.protocol];
  const [first, ...others] = known === undefined ? [] : parameterProblems(name, url.searchParams, known);
  return first === undefined ? { url } : refused(first, ...others);
}

/**
 * PostgreSQL's `postgres://user:password@/db?host=/cloudsql/...`: the standard for URLs has no user without a host. The driver takes the
 * host from its parameter, and `localhost` is what it takes without one.
 */
function withHost(text: string): string {
  return text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[:/?#]|$)/i, '$1localhost');
}

/** Whether each % stands for a character, and none of them ends a text for whoever gets it next. */
function isEncoded(text: string): boolean {
  try {
    return !/\p{Cc}/u.test(decodeURIComponent(text));
  } catch {
    return false;
  }
}

/** What a driver reads, and no far side. */
function isDriver({ protocol }: URL): boolean {
  return protocol !== 'http:' && protocol !== 'https:';
}

function isRedis({ protocol }: URL): boolean {
  return protocol === 'redis:' || protocol === 'rediss:';
}

/** The driver makes 1 of "1.5", ends the process on what is no number at all, and passes over the second of two. */
function namesDatabase({ pathname, searchParams }: URL): boolean {
  const db = searchParams.get('db') ?? '';
  return /^(\/\d{0,9})?$/.test(pathname) && /^\d{0,9}$/.test(db) && (pathname.length < 2 || db === '');
}
