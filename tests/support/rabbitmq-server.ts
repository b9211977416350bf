import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { freePort } from './free-port.ts';
import { programPath } from './required-programs.ts';
import { waitFor } from './wait-for.ts';

/** Alone it starts in 4 s; beside much other work on two cores it was seen to take 17 s, and once more than a minute. */
const START_PATIENCE_MS = 180_000;

/** A RabbitMQ of a test's own, that it may break. */
export interface RabbitServer {
  readonly url: string;
  /** As a lost machine would. The data stays as far as it was written. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data, after `kill()`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts RabbitMQ on free ports of 127.0.0.1, with a name, data and name service (epmd) of its own, so that it meets neither another
 * one on this machine nor a later one. Takes about 4 s.
 */
export async function startRabbit(): Promise<RabbitServer> {
  const folder = await mkdtemp(join(tmpdir(), 'shiftwork-rabbit-'));
  const [port, distributionPort, namesPort] = [await freePort(), await freePort(), await freePort()];
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [`listeners.tcp.1 = 127.0.0.1:${port}`, 'log.console = true', 'log.console.level = error', 'log.file = false'].join(
      '\n',
    ),
  );
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(namesPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `test${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    // Its start script then becomes the server instead of waiting for it.
    detached: '1',
  };
  const names = spawn(programPath('epmd'), ['-port', String(namesPort), '-address', '127.0.0.1'], {
    env,
    stdio: 'ignore',
  });
  const output = join(folder, 'output');
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    // A group of its own: the server's helpers end with it.
    const log = openSync(output, 'a');
    const started = spawn(programPath('rabbitmq'), [], { env, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    child = started;
    const isUp = async () => {
      if (started.exitCode !== null || started.signalCode !== null) throw new Error('It ended while it started.');
      const connection = await connect(url, { timeout: 5_000 });
      await connection.close();
      return true;
    };
    try {
      await waitFor(`RabbitMQ on port ${port}`, isUp, START_PATIENCE_MS);
    } catch (error) {
      throw new Error(`RabbitMQ did not start. It said:\n${await readFile(output, 'utf8')}`, { cause: error });
    }
  }

  async function kill(): Promise<void> {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await exit;
  }

  async function stop(): Promise<void> {
    await kill();
    names.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, kill, start, stop };
}
