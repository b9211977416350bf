import { InvalidConfigError } from './invalid-config-error.ts';
import { parseUrl } from './parse-url.ts';

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

interface Servers {
  /** Host and port of each, without credentials: for messages. */
  readonly target: string;
  /** The whole address, with its credentials. */
  readonly href: string;
  readonly tls: boolean;
  /** Of the servers that hold data. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The version of IP that host names are looked up for; both when left out. */
  readonly family: number | undefined;
}

export interface SingleAddress extends Servers {
  readonly kind: 'single';
  readonly host: RedisHost;
  readonly db: number;
}

/** Sentinels say which server is the master now. */
export interface SentinelAddress extends Servers {
  readonly kind: 'sentinel';
  readonly sentinels: readonly [RedisHost, ...RedisHost[]];
  readonly master: string;
  readonly db: number;
  /** Of the sentinels themselves. */
  readonly sentinelUser: string | undefined;
  readonly sentinelPassword: string | undefined;
}

/** Any of its nodes says where the others are. */
export interface ClusterAddress extends Servers {
  readonly kind: 'cluster';
  readonly nodes: readonly [RedisHost, ...RedisHost[]];
}

/** Where a Redis is: one server, a master that sentinels know, or a cluster. */
export type RedisAddress = SingleAddress | SentinelAddress | ClusterAddress;

export type ParsedRedisAddress =
  | { readonly address: RedisAddress; readonly problems?: undefined }
  | { readonly address?: undefined; readonly problems: readonly [string, ...string[]] };

export const REDIS_PROTOCOLS: readonly string[] = [
  'redis:',
  'rediss:',
  'redis+sentinel:',
  'rediss+sentinel:',
  'redis+cluster:',
  'rediss+cluster:',
];

/** What an address without brackets may have, as names of machines have it. */
const HOST_NAME = /^[\p{L}\p{M}\p{N}._-]+$/u;
/** Scheme, credentials, hosts, and what stands behind them. */
const PARTS = /^([a-z+]+:\/\/)([^/?#]*@)?([^/?#@]*)([^]*)$/i;
const HOST = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i;
const MASTER = /^[A-Za-z0-9._-]+$/;
const EXAMPLE = 'as in redis+sentinel://host1:26379,host2:26379/MASTER';

/** Whether the text is to be read as the address of a Redis, sound or not. */
export function isRedisAddress(text: string): boolean {
  return /^rediss?(?:\+[a-z]*)?:/i.test(text.trim());
}

/**
 * Reads an address, or says what is wrong with it. Nothing of it is repeated that may be half of a password.
 * @param name what the messages call it, such as `REDIS_URL`
 */
export function parseRedisAddress(name: string, text: string): ParsedRedisAddress {
  const [, scheme, credentials = '', listed = '', rest = ''] = PARTS.exec(text) ?? [];
  const hosts = listed.split(',');
  // The standard for URLs knows one host: the others are looked at below.
  const alone = scheme === undefined ? text : `${scheme}${credentials}${hosts[0] ?? ''}${rest}`;
  const { url, problems } = parseUrl(name, alone, { protocols: REDIS_PROTOCOLS });
  if (problems !== undefined) return { problems };
  if (url.protocol.includes('+') && credentials.slice(0, -1).includes('@')) {
    // Behind a comma it may be another host with credentials of its own, which would be taken for a part of the password.
    return refused(
      `Expected ${name} to have one user and password, before all hosts; in a user name or password, @ is written %40.`,
    );
  }
  const servers = {
    tls: url.protocol.startsWith('rediss'),
    username: decoded(url.username),
    password: decoded(url.password),
    family: numberIn(url, 'family'),
  };
  switch (url.protocol) {
    case 'redis+sentinel:':
    case 'rediss+sentinel:':
      return sentinelAddress(name, url, hosts, { ...servers, href: text });
    case 'redis+cluster:':
    case 'rediss+cluster:':
      return clusterAddress(name, url, hosts, { ...servers, href: text });
    default:
      if (hosts.length > 1) {
        return refused(
          `Expected ${name} to name one host. Several are those of sentinels, ${EXAMPLE}, ` +
            'or of a cluster, as in redis+cluster://host1:7000,host2:7001.',
        );
      }
      return singleAddress(name, url, { ...servers, href: url.href });
  }
}

/** As `parseRedisAddress`. @throws InvalidConfigError */
export function requireRedisAddress(name: string, text: string): RedisAddress {
  const { address, problems } = parseRedisAddress(name, text);
  if (address === undefined) throw new InvalidConfigError(problems);
  return address;
}

type Common = Omit<Servers, 'target'>;

function singleAddress(label: string, url: URL, common: Common): ParsedRedisAddress {
  const name = decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '');
  if (name !== '' && !isHost(name)) {
    return refused(`Expected ${label} to name a host of letters, digits, ".", "_" and "-", or an IP address.`);
  }
  const host = { host: name === '' ? 'localhost' : name, port: Number(url.port || 6_379) };
  const db = Number(url.pathname.slice(1) || numberIn(url, 'db') || 0);
  return { address: { ...common, kind: 'single', host, db, target: shown([host]) } };
}

function sentinelAddress(name: string, url: URL, listed: readonly string[], common: Common): ParsedRedisAddress {
  const sentinels = hostsIn(listed, 26_379);
  if (sentinels === undefined) return refused(badHosts(name));
  const [first = '', db = '', ...others] = url.pathname.split('/').slice(1);
  const master = decoded(first) ?? '';
  if (master === '' || (/^\d+$/.test(master) && !url.pathname.slice(1).includes('/'))) {
    return refused(`Expected ${name} to name the master that the sentinels watch, behind the hosts: ${EXAMPLE}.`);
  }
  if (!MASTER.test(master)) {
    return refused(`Expected ${name} to name a master of letters, digits, ".", "_" and "-", as sentinels have them.`);
  }
  const asParameter = url.searchParams.get('db') ?? '';
  if (others.length > 0 || !/^\d{0,9}$/.test(db) || (db !== '' && asParameter !== '')) {
    return refused(`Expected ${name} to end with the master and the number of a database, such as /MASTER/0.`);
  }
  // Not as forms have it, where a + is a space: passwords have it often.
  const sentinelUser = rawParameter(url, 'sentinelUser');
  const sentinelPassword = rawParameter(url, 'sentinelPassword');
  if (sentinelUser === null || sentinelPassword === null) {
    return refused(`Expected ${name} to have a percent-encoded sentinelUser and sentinelPassword: % is written %25.`);
  }
  if (sentinelUser !== undefined && sentinelPassword === undefined) {
    return refused(`Expected ${name} to have a sentinelPassword beside the sentinelUser.`);
  }
  return {
    address: {
      ...common,
      kind: 'sentinel',
      sentinels,
      master,
      db: Number(db || asParameter || 0),
      sentinelUser,
      sentinelPassword,
      target: `${shown(sentinels)}/${master}`,
    },
  };
}

function clusterAddress(name: string, url: URL, listed: readonly string[], common: Common): ParsedRedisAddress {
  const nodes = hostsIn(listed, 6_379);
  if (nodes === undefined) return refused(badHosts(name));
  if (!/^(?:\/0?)?$/.test(url.pathname) || (numberIn(url, 'db') ?? 0) !== 0) {
    return refused(
      `Expected ${name} to name no database behind its hosts: a Redis Cluster has database 0 alone. ` +
        'SHIFTWORK_NAMESPACE keeps installations apart.',
    );
  }
  return { address: { ...common, kind: 'cluster', nodes, target: shown(nodes) } };
}

function refused(problem: string): ParsedRedisAddress {
  return { problems: [problem] };
}

function badHosts(name: string): string {
  return `Expected ${name} to have hosts, each with a port from 1 to 65535 or without one, and a comma between them.`;
}

function hostsIn(listed: readonly string[], defaultPort: number): readonly [RedisHost, ...RedisHost[]] | undefined {
  const hosts = listed.flatMap(text => {
    const [found, bracketed, plain, port] = HOST.exec(text) ?? [];
    const host = bracketed ?? decoded(plain ?? '');
    const number = port === undefined ? defaultPort : Number(port);
    if (found === undefined || host === undefined || !isHost(host)) return [];
    return number < 1 || number > 65_535 ? [] : [{ host, port: number }];
  });
  const [first, ...others] = hosts;
  return first === undefined || hosts.length < listed.length ? undefined : [first, ...others];
}

/** A name, or the address of an IPv6 without its brackets. */
function isHost(text: string): boolean {
  return text.includes(':') || HOST_NAME.test(text);
}

function shown(hosts: readonly RedisHost[]): string {
  return hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
}

function decoded(text: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function numberIn(url: URL, parameter: string): number | undefined {
  const text = url.searchParams.get(parameter);
  return text === null || text === '' ? undefined : Number(text);
}

/** Undefined where it is not there, null where its % are no codes. */
function rawParameter(url: URL, name: string): string | undefined | null {
  const found = url.search
    .slice(1)
    .split('&')
    .find(each => each.startsWith(`${name}=`));
  return found === undefined ? undefined : (decoded(found.slice(name.length + 1)) ?? null);
}
