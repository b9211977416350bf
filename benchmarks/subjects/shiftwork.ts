import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { z } from 'zod';
import { keepJournal } from '../../src/boot/journal/index.ts';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { connect } from '../../src/queue/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { loadMetrics } from '../../src/telemetry/index.ts';
import { clearPostgres, clearRedis } from './clear.ts';
import type { Subject, WorkOptions } from './subject.ts';

/** Shiftwork with everything on that the charter counts: validation, ids, trace context, metrics. */
const QUEUE = 'email';
const schema = z.object({
  userId: z.string().max(64),
  email: z.email(),
  name: z.string().min(1).max(100),
  at: z.number(),
  text: z.string(),
});
const greet = defineJob({ queue: QUEUE, name: 'greet', schema, sensitive: ['email'] });
const keyed = defineJob({
  queue: QUEUE,
  name: 'greet-once',
  schema,
  sensitive: ['email'],
  key: ({ userId }) => [userId],
});
/** As a web app with tracing has it: each job carries where it came from. */
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const SECRET = 'a secret of the benchmarks, for their keyed jobs alone';

const { collectMetrics } = await loadMetrics();

function appOf({ queues, handle: work }: Pick<WorkOptions, 'queues' | 'handle'>): ReturnType<typeof defineApp> {
  const others = Array.from({ length: queues - 1 }, (_, nth) =>
    defineJob({ queue: `${QUEUE}-${nth + 1}`, name: `greet-${nth + 1}`, schema, sensitive: ['email'] }),
  );
  const jobs = [greet, keyed, ...others];
  return defineApp({ jobs, handlers: jobs.map(job => handle(job, async data => work(data))) });
}

export async function open(url: string): Promise<Subject> {
  const isRedis = url.startsWith('redis');
  if (!isRedis) {
    const setup = openEngine({ url, role: 'producer' });
    await setup.migrate();
    await setup.close();
  }
  const facts = new Facts();
  const metrics = collectMetrics(facts, appOf({ queues: 1, handle: () => undefined }));
  const client = connect({
    ...(isRedis ? { redis: url } : { postgres: url }),
    secret: SECRET,
    facts,
    traceparent: () => TRACEPARENT,
  });
  await client.job('email-00000000000000000000-0000000000');
  const cleaning = isRedis
    ? new Redis(url)
    : new Pool({ connectionString: url, options: '-c search_path=bullmq', max: 1 });
  return {
    add: (data, { delayMs, key }) =>
      client.enqueue(key === undefined ? greet : keyed, data, delayMs === undefined ? undefined : { delay: delayMs }),
    addMany: jobs => client.enqueueMany(jobs.map(data => greet(data))),
    async work(options) {
      const app = appOf(options);
      const workFacts = new Facts();
      const counted = collectMetrics(workFacts, app);
      const { concurrency } = options;
      const engine = openEngine({ url, role: 'worker' });
      const host = createWorkerHost({ app, engine, facts: workFacts, concurrency });
      const journal = options.history
        ? keepJournal({ engine, facts: workFacts, variables: {}, worker: 'bench', host: 'bench' })
        : undefined;
      await host.start();
      return async () => {
        // While the engine is open.
        await journal?.flush(5_000);
        await host.stop(5_000);
        await journal?.close();
        counted.stop();
      };
    },
    clear: () => (cleaning instanceof Pool ? clearPostgres(cleaning, QUEUE) : clearRedis(cleaning, QUEUE)),
    async close() {
      metrics.stop();
      await client.close();
      await (cleaning instanceof Pool ? cleaning.end() : cleaning.quit());
    },
  };
}
