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
  const start = () =>
    startEmbedded({ folder, fallbackFolder: folder, port, settings: { fsync: 'off', synchronous_commit: 'off' } });
  let server = await start();
  const { url } = server;
  // The server leads a process group; its children share its fate.
  const signal = (name: NodeJS.Signals): void => {
    process.kill(-server.pid, name);
  };
  return {
    url,
    port,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
    async kill() {
      signal('SIGCONT');
      signal('SIGKILL');
      await server.exited;
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async restart() {
      await server.stop();
      server = await start();
    },
  };
}
