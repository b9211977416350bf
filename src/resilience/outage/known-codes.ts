import { certificateProblem } from '../certificate-problem.ts';

/**
 * Whose affair an error is:
 * - `away`: the server was not reached, did not answer, or is going down or coming up;
 * - `refuses-now`: it answers and takes this no longer or not yet (memory, disk, read-only, too many connections): that passes;
 * - `refuses-for-good`: rights, credentials, a database or a table that is not there, a statement that it cannot read: waiting does not help;
 * - `ours`: anything else.
 */
export type Fault = 'away' | 'refuses-now' | 'refuses-for-good' | 'ours';

/** What a code means, and how it is said to people: a driver's own text may be empty, or carry hosts, users and data. */
export interface KnownCode {
  readonly fault: Exclude<Fault, 'ours'>;
  readonly words: string;
}

type Rows = Readonly<Record<string, string>>;

function rows(fault: KnownCode['fault'], said: Rows): [string, KnownCode][] {
  return Object.entries(said).map(([code, words]) => [code, { fault, words }]);
}

const NO_ANSWER = 'no answer came in time';
const CLOSED = 'the connection was closed';
const CREDENTIALS = 'the credentials were refused';
const RIGHTS = 'the rights do not suffice';
const TLS = 'the secure connection could not be made';
const CONFLICT = 'another transaction was in the way';

/** Of the network, of Node's sockets, TLS and fetch. */
const NETWORK = rows('away', {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the connection was reset',
  ECONNABORTED: 'the connection was reset',
  EPIPE: CLOSED,
  ENOTCONN: CLOSED,
  ERR_STREAM_DESTROYED: CLOSED,
  ERR_STREAM_PREMATURE_CLOSE: CLOSED,
  ERR_SOCKET_CLOSED: CLOSED,
  ERR_SOCKET_CONNECTION_TIMEOUT: NO_ANSWER,
  ETIMEDOUT: NO_ANSWER,
  EHOSTUNREACH: 'the host is unreachable',
  EHOSTDOWN: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ENETDOWN: 'the network is unreachable',
  ENETRESET: 'the connection was reset',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  EAI_FAIL: 'the host name could not be looked up',
  EMFILE: 'this process has no file descriptor left',
  ENFILE: 'this machine has no file descriptor left',
  EPROTO: TLS,
  ERR_TLS_HANDSHAKE_TIMEOUT: NO_ANSWER,
  UND_ERR_CONNECT_TIMEOUT: NO_ANSWER,
  UND_ERR_HEADERS_TIMEOUT: NO_ANSWER,
  UND_ERR_BODY_TIMEOUT: NO_ANSWER,
  UND_ERR_SOCKET: CLOSED,
});

/** SQLSTATEs: https://www.postgresql.org/docs/18/errcodes-appendix.html */
const POSTGRES = [
  ...rows('away', {
    // PgBouncer ends nearly every connection with it; PostgreSQL itself says it of a driver that speaks another language.
    '08P01':
      'a pooler in between, such as PgBouncer, has refused or ended the connection: give the address of PostgreSQL itself',
    '57P01': 'the server is shutting down',
    '57P02': 'the server has crashed and restarts',
    '57P03': 'the server is starting up or shutting down',
    '57P04': 'the database was dropped',
    '57P05': 'the server has ended an idle connection',
    '57014': 'the statement took too long, or was cancelled',
    '25P03': 'the server has ended a transaction that stood still',
    '25P04': 'the server has ended a transaction that took too long',
  }),
  ...rows('refuses-now', {
    '25006': 'the database takes no writes (it is read-only)',
    '53100': 'the disk of the server is full',
    '53200': 'the server is out of memory',
    '53300': 'the server has no connection left',
    '58030': 'the disk of the server fails',
    '40001': CONFLICT,
    '40P01': CONFLICT,
    '55P03': CONFLICT,
  }),
  ...rows('refuses-for-good', {
    '28P01': CREDENTIALS,
    '28000': CREDENTIALS,
    '42501': RIGHTS,
    '3D000': 'the database does not exist',
    '3F000': 'the schema does not exist',
    '0A000': 'the server cannot do what is asked',
  }),
];

/** First words of Redis' replies: https://github.com/redis/redis/blob/7.0/src/server.c, createSharedObjects. */
const REDIS = [
  ...rows('away', {
    LOADING: 'the server is loading its data',
    MASTERDOWN: 'its primary is away',
    CLUSTERDOWN: 'the cluster is down',
    UNBLOCKED: 'the server has become a replica',
  }),
  ...rows('refuses-now', {
    OOM: 'it is out of memory (maxmemory reached)',
    MISCONF: 'it takes no writes: it cannot save to its disk',
    READONLY: 'it is a read-only replica',
    NOREPLICAS: 'it takes no writes: too few replicas are connected',
    TRYAGAIN: 'the cluster is moving the keys',
    ASK: 'the cluster is moving the keys',
    BUSY: 'it is busy with a script',
    UNKILLABLE: 'it is busy with a script',
    MAXCLIENTS: 'the server has no connection left',
  }),
  ...rows('refuses-for-good', {
    NOAUTH: CREDENTIALS,
    WRONGPASS: CREDENTIALS,
    NOPERM: RIGHTS,
    DENIED: 'it takes no connections from other machines (protected mode)',
    NODB: 'it has no database of the number in the URL',
    NOPROTO: 'the server cannot do what is asked',
    MOVED: 'it is a Redis Cluster: its URL begins with redis+cluster:// or rediss+cluster://',
    CROSSSLOT: 'it is a Redis Cluster, and the keys are in several slots',
  }),
];

/** What sentinels and clusters mean without saying it: see src/redis. */
const REDIS_MACHINES = [
  ...rows('away', {
    SENTINELS_AWAY: 'no sentinel answers',
    SLOT_UNSERVED: 'no server of the cluster holds the slots of some keys',
  }),
  ...rows('refuses-for-good', {
    NOCLUSTER: 'it is no Redis Cluster: its URL begins with redis:// or rediss://',
    SENTINELS_REFUSE: 'the sentinels refuse the credentials (sentinelUser and sentinelPassword)',
    UNKNOWN_MASTER: 'the sentinels know no master of the name in the URL',
  }),
];

/** Errors of this project that stand for one of the above; what is known of the cause stands in their message. */
const OWN = rows('away', {
  QUEUE_UNAVAILABLE: 'the queue is away',
  ENGINE_UNREACHABLE: 'the engine is away',
  BUS_UNAVAILABLE: 'the bus is away',
  CALL_TIMEOUT: NO_ANSWER,
  KEY_RING_UNAVAILABLE: 'the keys are away',
});

const CODES: ReadonlyMap<string, KnownCode> = new Map([...NETWORK, ...POSTGRES, ...REDIS, ...REDIS_MACHINES, ...OWN]);

/** Where a whole family says the same. */
const FAMILIES: readonly (readonly [RegExp, KnownCode])[] = [
  [/^08[0-9A-Z]{3}$/, { fault: 'away', words: 'the connection was lost' }],
  [/^53[0-9A-Z]{3}$/, { fault: 'refuses-now', words: 'the server has no room left' }],
  [/^28[0-9A-Z]{3}$/, { fault: 'refuses-for-good', words: CREDENTIALS }],
  [/^42[0-9A-Z]{3}$/, { fault: 'refuses-for-good', words: 'it does not know what is asked for' }],
  [/^ERR_(SSL|TLS)_/, { fault: 'away', words: TLS }],
];

export function knownCode(code: string): KnownCode | undefined {
  const certificate = certificateProblem({ code });
  if (certificate !== undefined) return { fault: 'away', words: `${TLS}: ${certificate}` };
  return CODES.get(code) ?? FAMILIES.find(([family]) => family.test(code))?.[1];
}

/** Two transactions met, or a lock did not come: the statement is sound, and so is the server. */
export const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);
