import { once } from 'node:events';
import { createPostgresBackend, Queue, Worker, type JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { clearPostgres, clearRedis } from './clear.ts';
import type { AddOptions, JobData, Subject } from './subject.ts';

/** BullMQ by itself, with the options that Shiftwork sets, given by hand. */
const QUEUE = 'email';
let added = 0;

const optionsOf = ({ delayMs, key }: AddOptions): JobsOptions => ({
  jobId: `email-0mhxyzabc${String((added += 1)).padStart(11, '0')}-a1b2c3d4e5`,
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000, jitter: 1 },
  priority: 20,
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 1_209_600 },
  ...(delayMs !== undefined && { delay: delayMs }),
  ...(key !== undefined && { deduplication: { id: key } }),
});

export async function open(url: string): Promise<Subject> {
  return url.startsWith('redis') ? openOnRedis(url) : openOnPostgres(url);
}

function producing(queue: Queue): Pick<Subject, 'add' | 'addMany'> {
  return {
    add: (data, options) => queue.add('greet', data, optionsOf(options)),
    addMany: jobs => queue.addBulk(jobs.map(data => ({ name: 'greet', data, opts: optionsOf({}) }))),
  };
}

const queueNames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, nth) => (nth === 0 ? QUEUE : `${QUEUE}-${nth}`));

async function openOnRedis(url: string): Promise<Subject> {
  const connection = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 10_000 });
  await once(connection, 'ready');
  const queue = new Queue(QUEUE, {
    connection,
    skipWaitingForReady: true,
    skipVersionCheck: true,
    streams: { events: { maxLen: 1_000 } },
  });
  return {
    ...producing(queue),
    async work({ concurrency, queues, handle }) {
      const commands = new Redis(url, { maxRetriesPerRequest: null });
      const workers = queueNames(queues).map(
        name => new Worker<JobData>(name, async job => handle(job.data), { connection: commands, concurrency }),
      );
      await Promise.all(workers.map(worker => worker.waitUntilReady()));
      return async () => {
        await Promise.all(workers.map(worker => worker.close()));
        await commands.quit();
      };
    },
    clear: () => clearRedis(connection, QUEUE),
    async close() {
      await queue.close();
      await connection.quit();
    },
  };
}

async function openOnPostgres(url: string): Promise<Subject> {
  const pool = new Pool({ connectionString: url, options: '-c search_path=bullmq', max: 20, keepAlive: true });
  // Its types know the connections of Redis alone.
  const connection = pool as never;
  const backend = createPostgresBackend as never;
  const queue = new Queue(QUEUE, { connection }, backend);
  await queue.waitUntilReady();
  return {
    ...producing(queue),
    async work({ concurrency, queues, handle }) {
      const workers = queueNames(queues).map(
        name => new Worker<JobData>(name, async job => handle(job.data), { connection, concurrency }, backend),
      );
      await Promise.all(workers.map(worker => worker.waitUntilReady()));
      return () => Promise.all(workers.map(worker => worker.close()));
    },
    clear: () => clearPostgres(pool, QUEUE),
    async close() {
      await queue.close();
      await pool.end();
    },
  };
}
