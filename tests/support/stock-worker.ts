import { Worker, type Job, type PgPool, type WorkerOptions } from 'bullmq';
import { Cluster } from 'ioredis';
import { postgresBackend } from '../../src/engine/bullmq/postgres/backend.ts';
import type { Engine } from '../../src/engine/index.ts';
import { stopWith } from './turn-worker.ts';

export type StockWorker = Pick<Worker<unknown, unknown>, 'close' | 'pause' | 'run' | 'waitUntilReady'> & {
  on(event: 'active' | 'completed' | 'error', listener: (...args: never[]) => void): unknown;
};
export type StockProcessor = (job: Job<unknown, unknown, string>, token: string) => Promise<unknown>;

/**
 * A worker as BullMQ ships it, on the queues of an engine: what another program runs there. It is connected and does not run yet, and it
 * stops when the engine is closed.
 */
export async function stockWorker(
  engine: Engine,
  queue: string,
  process: StockProcessor,
  setup: Omit<WorkerOptions<unknown>, 'connection' | 'prefix'> = {},
): Promise<StockWorker> {
  const work: StockProcessor = (job, token) => process(job, token);
  const worker = await open(engine, queue, work, { autorun: false, ...setup });
  worker.on('error', () => undefined);
  stopWith(engine, () => worker.close(true).catch(() => undefined));
  await worker.waitUntilReady();
  return worker;
}

async function open(
  engine: Engine,
  queue: string,
  work: StockProcessor,
  options: Omit<WorkerOptions<unknown>, 'connection'>,
): Promise<StockWorker> {
  const backing = await engine.backing();
  switch (backing.kind) {
    case 'redis': {
      const { commands, keys } = backing;
      if (commands instanceof Cluster) throw new Error('Expected one Redis, found a cluster.');
      const { host, port, db, username, password, path } = commands.options;
      const connection = { host, port, db, username, password, path, maxRetriesPerRequest: null };
      return new Worker(queue, (job, token = '') => work(job, token), {
        ...options,
        prefix: await keys.prefixOf(queue),
        connection: Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined)),
      });
    }
    case 'postgres': {
      const { pool } = backing;
      const backend = postgresBackend(pool, await schemaOf(pool));
      return new Worker(queue, (job, token = '') => work(job, token), { ...options, connection: {} }, backend);
    }
    case 'memory':
      throw new Error('Expected a server: no other program works in the memory of this one.');
  }
}

async function schemaOf(pool: PgPool): Promise<string> {
  const { rows } = await pool.query<{ readonly schema: string }>('SELECT current_schema() AS schema');
  return rows[0]?.schema ?? '';
}
