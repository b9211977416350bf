import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue, Worker, type JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Facts } from '../src/facts/index.ts';
import { connect } from '../src/queue/index.ts';
import { createWorkerHost } from '../src/runtime/index.ts';
import { createLogger, loadMetrics, logFacts } from '../src/telemetry/index.ts';

/** Something that enqueues and runs the same jobs: BullMQ by itself, or Shiftwork on it. */
export interface Subject {
  readonly name: string;
  producer(): Promise<Producer>;
  /** Starts working on what is queued, so many jobs at once. */
  work(concurrency: number): Promise<Working>;
}

export interface Working {
  /** Resolves when at least so many jobs have run, with how many. */
  ran(jobs: number): Promise<number>;
  /** Resolves when so many have run and their ends are recorded. */
  recorded(jobs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Producer {
  one(index: number): Promise<unknown>;
  bulk(from: number, count: number): Promise<unknown>;
  close(): Promise<void>;
}

const QUEUE = 'email';
const greet = defineJob({
  queue: QUEUE,
  name: 'greet',
  schema: z.object({ userId: z.string().max(64), email: z.email(), name: z.string().min(1).max(100) }),
  sensitive: ['email'],
});

const dataOf = (index: number) => ({
  userId: `user-${index}`,
  email: `person.${index}@example.com`,
  name: 'Ada Lovelace',
});
const { collectMetrics } = await loadMetrics();
let handled = 0;
const app = defineApp({
  jobs: [greet],
  handlers: [
    handle(greet, async () => {
      handled += 1;
    }),
  ],
});

/** The same options that Shiftwork sets, given by hand. */
const rawOptions = (index: number): JobsOptions => ({
  jobId: `email-0mhxyzabc${String(index).padStart(11, '0')}-a1b2c3d4e5`,
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000, jitter: 1 },
  priority: 20,
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 1_209_600 },
});

export function rawBullMQ(url: string): Subject {
  return {
    name: 'BullMQ',
    async producer() {
      const connection = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 2_000 });
      await once(connection, 'ready');
      const queue = new Queue(QUEUE, {
        connection,
        skipWaitingForReady: true,
        skipVersionCheck: true,
        streams: { events: { maxLen: 1_000 } },
      });
      return {
        one: index => queue.add('greet', dataOf(index), rawOptions(index)),
        bulk: (from, count) =>
          queue.addBulk(
            Array.from({ length: count }, (_, at) => ({
              name: 'greet',
              data: dataOf(from + at),
              opts: rawOptions(from + at),
            })),
          ),
        close: async () => {
          await queue.close();
          await connection.quit();
        },
      };
    },
    async work(concurrency) {
      const connection = new Redis(url, { maxRetriesPerRequest: null });
      handled = 0;
      const worker = new Worker(
        QUEUE,
        async () => {
          handled += 1;
        },
        { connection, concurrency, autorun: false },
      );
      await worker.waitUntilReady();
      void worker.run();
      return working(url, async () => {
        await worker.close();
        await connection.quit();
      });
    },
  };
}

/** As a web app with tracing has it: each job carries where it came from. */
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** With everything on that the charter counts: validation, ids, trace context, metrics. */
export function shiftwork(url: string, logging: 'quiet' | 'lines'): Subject {
  return {
    name: logging === 'quiet' ? 'Shiftwork' : 'Shiftwork, a log line a job',
    async producer() {
      const facts = new Facts();
      const metrics = collectMetrics(facts, app);
      const client = connect({ redis: url, facts, traceparent: () => TRACEPARENT });
      await client.job('email-00000000000000000000-0000000000');
      return {
        one: index => client.enqueue(greet, dataOf(index)),
        bulk: (from, count) => client.enqueueMany(Array.from({ length: count }, (_, at) => greet(dataOf(from + at)))),
        async close() {
          metrics.stop();
          await client.close();
        },
      };
    },
    async work(concurrency) {
      handled = 0;
      const facts = new Facts();
      const metrics = collectMetrics(facts, app);
      if (logging === 'lines') {
        // Formatted and written, to a place that costs nothing.
        const logger = createLogger({ name: 'bench', variables: {}, stream: { write: () => undefined } });
        logFacts(facts, logger, { success: true });
      }
      const host = createWorkerHost({ app, engine: openEngine({ url, role: 'worker' }), facts, concurrency });
      await host.start();
      return working(url, async () => {
        await host.stop(5_000);
        metrics.stop();
      });
    },
  };
}

/** The same watch for both subjects. */
function working(url: string, stop: () => Promise<void>): Working {
  const redis = new Redis(url);
  return {
    async ran(jobs) {
      for (;;) {
        if (handled >= jobs) return handled;
        await pause(2);
      }
    },
    async recorded(jobs) {
      for (;;) {
        if (handled >= jobs && (await redis.llen(`bull:${QUEUE}:active`)) === 0) return;
        await pause(2);
      }
    },
    async stop() {
      await stop();
      await redis.quit();
    },
  };
}
