import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres as startEmbedded } from '../../local/postgres/index.ts';
import { freePort } from './free-port.ts';

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

/** Starts the embedded PostgreSQL on a free port, without fsync: a test's machine does not lose power. */
export async function startPostgres(): Promise<PostgresServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'shiftwork-postgres-'));
  // The server's user must come into it; the data inside is its own.
  const { chmod } = await import('node:fs/promises');
  await chmod(folder, 0o711);
  // Commits stay synchronous: what was acknowledged must outlive kill(), or tests of outages would lose jobs that nobody lost.
  const start = () => startEmbedded({ folder, fallbackFolder: folder, port, settings: { fsync: 'off' } });
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
      server = await start();
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
