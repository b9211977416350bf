import { Socket } from 'node:net';
import { isPgPool, runMigrations, type PgPool } from 'bullmq';
import { Client, type PoolConfig } from 'pg';
import type { EngineOptions } from '../engine.ts';
import { FAIL_FAST_MS } from '../settings/limits.ts';
import { EngineCheckError } from '../engine-check-error.ts';
import type { Outage } from '../outage/outage.ts';
import { migrateSchema, type Migrated } from '../../migrations/index.ts';
import { PatientPool, type PoolLimits } from './patient-pool.ts';
import { schemaParts } from './queue-schema.ts';
import { boundSession, listen, searchPathProblem, type ListenParts } from '../../sessions/index.ts';
import { WriteWatch } from '../outage/write-watch.ts';
import { settled } from '../../time/index.ts';

/** What a pool needs beside one connection per worker for LISTEN. */
const SPARE_CONNECTIONS = 4;
const PRODUCER_CONNECTIONS = 10;
/**
 * Whoever looks at something every few seconds finds connections that stand: on a new one the server reads its catalogs anew, and the plan of one
 * statement of the overview takes 25 ms and more there, in the place of 5.
 */
const IDLE_CONNECTION_MS = 60_000;
/** A worker's queries take milliseconds; a minute of silence means that the connection is gone. */
const SILENCE_MS = 60_000;
const LIMITS = {
  producer: { connectMs: FAIL_FAST_MS, standMs: 5_000, answerMs: FAIL_FAST_MS },
  worker: { connectMs: 10_000, standMs: 10_000, answerMs: SILENCE_MS },
} satisfies Readonly<Record<EngineOptions['role'], PoolLimits>>;
/** The server ends a statement itself then: who gave it up cannot. Later than a producer gives up, by whose time a busy server must not be measured. */
const STATEMENT_MS = { producer: 5_000, worker: SILENCE_MS } satisfies Readonly<Record<EngineOptions['role'], number>>;
/** BullMQ's transactions never wait for anything else: where a host vanishes in one, its locks are free after that. */
const IDLE_MS = 30_000;

const PROBE = `
  INSERT INTO shiftwork_state AS s (collection, name, value, version, expires_at)
  VALUES ('engine', 'probe', '1', nextval('shiftwork_state_version'), clock_timestamp())
  ON CONFLICT (collection, name) DO UPDATE SET version = excluded.version`;

/** A pool for BullMQ alone, whose search path is its schema and nothing else. Importing this file loads pg. */
export class WatchedPool {
  readonly pool: PgPool;
  readonly writes: WriteWatch;
  readonly #pool: PatientPool;
  readonly #schema: string;
  readonly #outage: Outage;
  readonly #connection: PoolConfig;
  readonly #sockets = new Set<Socket>();

  constructor(url: URL, schema: string, role: EngineOptions['role'], outage: Outage) {
    this.#schema = schema;
    this.#outage = outage;
    this.#connection = {
      connectionString: withSearchPath(url, schema),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      stream: () => this.#socket(),
      // Where the URL names none, also not among its `options`, over which this would win.
      ...(!url.search.includes('application_name') && { fallback_application_name: `shiftwork ${role}` }),
    };
    this.#pool = new PatientPool(
      {
        ...this.#connection,
        max: role === 'producer' ? PRODUCER_CONNECTIONS : SPARE_CONNECTIONS,
        idleTimeoutMillis: IDLE_CONNECTION_MS,
        onConnect: boundSession({ idleInTransactionMs: IDLE_MS, statementMs: STATEMENT_MS[role] }),
      },
      LIMITS[role],
    );
    this.writes = new WriteWatch(outage, () => this.#pool.query(PROBE));
    this.#pool.on('error', error => outage.lost(error));
    this.#pool.on('connect', client => {
      this.writes.connected();
      // While it is borrowed the pool does not listen, and an error without a listener ends the process.
      client.on('error', error => outage.lost(error));
    });
    const pool: unknown = this.#pool;
    if (!isPgPool(pool)) throw new Error('BullMQ no longer takes a pool of pg: their versions do not fit.');
    this.pool = pool;
  }

  /** Hears a channel on a connection of its own, until the signal. */
  listen(parts: Omit<ListenParts, 'pool'>): void {
    this.#pool.options.max += 1;
    void listen({ ...parts, pool: this.#pool });
  }

  /** Creates or upgrades BullMQ's tables, then ours: each in one transaction under an advisory lock, so two at once wait for each other. */
  async migrate(): Promise<readonly Migrated[]> {
    // On a connection without the pool's query timeout: an upgrade of a large table takes its time.
    const client = new Client({ ...this.#connection, connectionTimeoutMillis: 10_000 });
    client.on('error', error => this.#outage.lost(error));
    try {
      await client.connect();
      const pooler = await searchPathProblem(client, this.#schema);
      if (pooler !== undefined) throw new EngineCheckError([pooler]);
      await runMigrations(client, this.#schema);
      const done: Migrated[] = [];
      for (const part of schemaParts(this.#schema)) done.push(await migrateSchema(client, part));
      return done;
    } finally {
      await client.end();
    }
  }

  /** Cuts every connection; the pool makes new ones. */
  renew(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets the pool end by itself, at most for `limitMs`, then destroys what is left. */
  async close(limitMs: number): Promise<void> {
    this.#outage.end();
    this.writes.end();
    await settled(limitMs, this.#pool.end());
    for (const socket of this.#sockets) socket.destroy();
  }

  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

/** The URL wins over the pool's options in the driver, so the search path goes into the URL. */
function withSearchPath(url: URL, schema: string): string {
  const copy = new URL(url);
  const others = copy.searchParams.get('options');
  copy.searchParams.set('options', `${others === null ? '' : `${others} `}-c search_path="${schema}"`);
  return copy.href;
}
