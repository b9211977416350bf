import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, escapeLiteral } from 'pg';
import { startPostgres as startEmbedded } from '../../local/postgres/index.ts';
import { dataFolder } from './data-folder.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

/** A PostgreSQL of a test's own, that it may break. */
export interface PostgresServer {
  /** The database `postgres`; its user may do everything. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  /** Every process of it at once, as a lost machine would. */
  kill(): Promise<void>;
  /** Freezes it (SIGSTOP). */
  pause(): void;
  resume(): void;
  restart(): Promise<void>;
}

/**
 * A test's machine does not lose power; and a server need not keep a gigabyte of what it wrote. Nobody tries to guess the password of a test:
 * measured, 8 ms of CPU for a connection instead of 13.
 */
const SETTINGS = { fsync: 'off', max_wal_size: '128MB', min_wal_size: '32MB', scram_iterations: '1' };
const MADE = 'SHIFTWORK_TEST_CLUSTER';

/**
 * Makes the data of a server once, for `startPostgres` in this process and those it starts to copy: making it costs more than a second
 * of CPU, and a run of all tests starts dozens. Answers how to remove it.
 */
export async function makeClusterOnce(): Promise<() => Promise<void>> {
  // On a disk: programs may be put there, and a file system in memory need not let anybody run them.
  const folder = await openToAll(await mkdtemp(join(tmpdir(), 'shiftwork-postgres-')));
  const server = await startEmbedded({ folder, fallbackFolder: folder, port: await freePort(), settings: SETTINGS });
  await setPasswordAnew(server.url);
  await server.stop();
  process.env[MADE] = folder;
  return () => rm(folder, { recursive: true, force: true });
}

/** The password itself stays: it is stored as the settings say now, where initdb had no settings. */
async function setPasswordAnew(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`alter role current_user password ${escapeLiteral(decodeURIComponent(new URL(url).password))}`);
  await client.end();
}

async function openToAll(folder: string): Promise<string> {
  // The server's user must come into it; the data inside is its own.
  await chmod(folder, 0o711);
  return folder;
}

async function copyCluster(from: string, to: string): Promise<void> {
  // Node's cp() gives the copy to whoever copies; the data belongs to the server's user.
  await promisify(execFile)('cp', ['-a', join(from, 'data'), join(from, 'password'), to]);
  const programs = join(from, 'programs');
  if (existsSync(programs)) await symlink(programs, join(to, 'programs'));
}

/** Starts the embedded PostgreSQL on a free port, without fsync: a test's machine does not lose power. */
export async function startPostgres(): Promise<PostgresServer> {
  const port = await freePort();
  const made = process.env[MADE];
  const folder = await openToAll(
    await (made === undefined ? mkdtemp(join(tmpdir(), 'shiftwork-postgres-')) : dataFolder('postgres')),
  );
  if (made !== undefined) await copyCluster(made, folder);
  // Commits stay synchronous: what was acknowledged must outlive kill(), or tests of outages would lose jobs that nobody lost.
  const start = () => startEmbedded({ folder, fallbackFolder: folder, port, settings: SETTINGS });
  let server = await start();
  const { url } = server;
  const pause = (): void => {
    // The postmaster first: it must not start another child meanwhile.
    process.kill(server.pid, 'SIGSTOP');
    for (const child of childrenOf(server.pid)) signal(child, 'SIGSTOP');
  };
  return {
    url,
    port,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
    async kill() {
      pause();
      for (const child of childrenOf(server.pid)) signal(child, 'SIGKILL');
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    pause,
    resume() {
      for (const child of childrenOf(server.pid)) signal(child, 'SIGCONT');
      process.kill(server.pid, 'SIGCONT');
    },
    async restart() {
      await server.stop();
      // The children of a server that was killed end a moment after it, and have its memory until then.
      server = await waitFor('the server to start again', start);
    },
  };
}

/** Each child leads a session of its own (PostgreSQL calls setsid), so a signal to the server's group does not reach them. */
function childrenOf(pid: number): readonly number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap(line => {
    const [parent, child] = line.trim().split(/\s+/).map(Number);
    return parent === pid && child !== undefined ? [child] : [];
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself since the list was made.
  }
}
