import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { postgresBinaries, copyBinaries } from './binaries.ts';
import { openCluster, SUPERUSER } from './cluster.ts';
import { clearLeftover } from './leftover.ts';
import { canReach, serverOwner } from './owner.ts';

export interface PostgresOptions {
  /** Holds data and password; made when missing. */
  readonly folder: string;
  readonly port: number;
  /** As root, where the server's user cannot reach `folder`: programs and data go here instead. */
  readonly fallbackFolder?: string;
  /** Server settings, such as `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly pid: number;
  /** The database `postgres`, with the password in it. */
  readonly url: string;
  /** Where the data really is. */
  readonly folder: string;
  /** Makes the database unless it exists; answers its URL. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
  readonly exited: Promise<void>;
}

/** Starts PostgreSQL from the programs that npm installed, on 127.0.0.1 only, in a process group of its own. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  let native = postgresBinaries();
  let { folder } = options;
  const owner = serverOwner();
  if (owner !== undefined && options.fallbackFolder !== undefined) {
    if (!canReach(owner, options.folder) || !canReach(owner, native)) {
      folder = options.fallbackFolder;
    }
  }
  const cluster = openClusterWhereReachable();
  await clearLeftover(cluster.dataDir);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...options.settings,
  };
  const child = spawn(
    join(native, 'bin', 'postgres'),
    [
      '-D',
      cluster.dataDir,
      '-p',
      String(options.port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // A group of its own: the terminal's Ctrl-C must not take it away before those who use it.
    { ...owner, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: {} },
  );
  const log = join(folder, 'server.log');
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString()).slice(-2_000);
    appendFileSync(log, chunk);
  });
  const url = (database: string) =>
    `postgres://${SUPERUSER}:${cluster.password}@127.0.0.1:${options.port}/${encodeURIComponent(database)}`;
  await accepting(child, url('postgres'), cluster.dataDir, () => lastWords);
  const exited = child.exitCode === null ? once(child, 'exit').then(() => undefined) : Promise.resolve();
  return {
    pid: child.pid ?? -1,
    url: url('postgres'),
    folder,
    exited,
    createDatabase: async name => {
      await createDatabase(url('postgres'), name);
      return url(name);
    },
    stop: () => stop(child),
  };

  function openClusterWhereReachable() {
    if (folder !== options.folder) native = copyBinaries(native, join(folder, 'programs'));
    return openCluster(native, folder, owner);
  }
}

async function accepting(child: ChildProcess, url: string, dataDir: string, lastWords: () => string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 50) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`PostgreSQL ended while it started:\n${lastWords()}`);
    }
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      // Another server with the same password, such as one on a copy of the data, may have the port.
      const { rows } = await client.query<{ data_directory: string }>('show data_directory');
      await client.end();
      if (rows[0]?.data_directory === resolve(dataDir)) return;
      await pause(50);
    } catch {
      await pause(50);
    }
  }
  await stop(child);
  throw new Error(`PostgreSQL did not accept connections within 30 s:\n${lastWords()}`);
}

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** Fast shutdown first; immediate and then hard when it does not end. */
async function stop(child: ChildProcess): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 5_000],
    ['SIGQUIT', 2_000],
    ['SIGKILL', 2_000],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    const patience = new AbortController();
    await Promise.race([exit, pause(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }
}
