import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { dataFolder } from './data-folder.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

export interface RedisOptions {
  readonly port?: number;
  /** Settings on top of the defaults, such as `{ maxmemory: '10mb' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A Redis of a test's own, that it may break. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where its files are. */
  readonly folder: string;
  /** As an administrator would. */
  stop(): Promise<void>;
  /** As a lost machine would. The data stays as far as it was written. */
  kill(): Promise<void>;
  /** Freezes it (SIGSTOP): connections stay, nothing answers. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
}

/** Of the one Redis that all tests share: each file has one. */
export const SHARED_DATABASES = 128;

/** Starts Debian's redis-server on a free port of 127.0.0.1: append-only file, no eviction. */
export async function startRedis({ port: wanted, config = {} }: RedisOptions = {}): Promise<RedisServer> {
  const port = wanted ?? (await freePort());
  const folder = await dataFolder('redis');
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    ...config,
  };
  const url = `redis://127.0.0.1:${port}`;
  let child = await start().catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });

  async function start(): Promise<ChildProcess> {
    // The signal of a disk that takes no more would end it; a full disk only answers that it is full.
    const started = spawn(
      'sh',
      [
        '-c',
        'trap "" XFSZ; exec redis-server "$@"',
        'redis-server',
        ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      ],
      { stdio: 'ignore' },
    );
    let failure: Error | undefined;
    started.once('error', error => (failure = error));
    started.once('exit', () => (failure ??= new Error(`redis-server on port ${port} ended while it started.`)));
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => 20, maxRetriesPerRequest: 5 });
    redis.on('error', () => undefined);
    // Where another server has the port, that one answers before this one's end is known.
    const itself = async () => (await redis.info('server')).includes(`process_id:${started.pid}\r\n`);
    try {
      await waitFor(`redis-server on port ${port}`, async () => failure !== undefined || (await itself()));
    } finally {
      redis.disconnect();
    }
    if (failure !== undefined) throw failure;
    return started;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    // A frozen process gets its signal when it thaws.
    child.kill('SIGCONT');
    child.kill(signal);
    await exit;
  }

  return {
    url,
    port,
    folder,
    get pid() {
      return child.pid ?? -1;
    },
    async stop() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async restart() {
      await end('SIGTERM');
      child = await start();
    },
  };
}
