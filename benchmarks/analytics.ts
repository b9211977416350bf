import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { createAnalyticsProducer } from '../producers/index.ts';
import { connect } from '../src/queue/index.ts';
import { startProcess } from '../tests/support/child-process.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { createPostgresSink } from '../workers/analytics/index.ts';
import { median } from './measure.ts';

/**
 * How many analytics events a second go from `trackMany` through Redis and one real worker process to where they are kept: an HTTP sink,
 * and a PostgreSQL table? Producer, Redis, worker and sink share the machine.
 *
 * Use: `npm run bench:analytics`, or `npm run bench:analytics -- 9` for nine rounds.
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const EVENTS = 200_000;
/** What a web app gathers before it hands it over. */
const AT_ONCE = 5_000;

interface Sink {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  counted(): Promise<number>;
  stop(): Promise<void>;
}

/** Reads what it gets and counts the ids in it: a sink that is no bottleneck. */
async function httpSink(): Promise<Sink> {
  let events = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    for (let at = body.indexOf('"messageId"'); at >= 0; at = body.indexOf('"messageId"', at + 1)) events += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a port.');
  return {
    name: 'an HTTP sink',
    environment: { ANALYTICS_URL: `http://127.0.0.1:${address.port}` },
    counted: async () => events,
    stop: async () => void server.close(),
  };
}

async function postgresSink(): Promise<Sink> {
  const server = await startPostgres();
  const pool = new Pool({ connectionString: server.url });
  // The server ends connections that idle when it stops.
  pool.on('error', () => undefined);
  await createPostgresSink(pool).migrate?.();
  return {
    name: 'a PostgreSQL table',
    environment: { DATABASE_URL: server.url },
    async counted() {
      const { rows } = await pool.query<{ count: number }>(
        'select count(*)::int as count from shiftwork_analytics_events',
      );
      return rows[0]?.count ?? 0;
    },
    async stop() {
      await pool.end();
      await server.stop();
    },
  };
}

const message = (index: number) => ({
  userId: `user-${index % 1_000}`,
  event: 'Product Viewed',
  properties: { productId: `p-${index % 50}`, price: 1_999, currency: 'EUR' },
});

async function measure(open: () => Promise<Sink>): Promise<string> {
  const [redis, sink] = [await startRedis(), await open()];
  const worker = startProcess(fileURLToPath(new URL('../workers/main.ts', import.meta.url)), {
    env: { REDIS_URL: redis.url, WORKER_QUEUES: 'analytics', WORKER_PROCESSES: '1', ...sink.environment },
  });
  await worker.line(/"fact":"worker.started"/);
  const client = connect({ redis: redis.url });
  const analytics = createAnalyticsProducer(client);
  const rates: number[] = [];
  let sent = 0;
  // The first round warms up code and caches and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const startedAt = performance.now();
    for (const all = sent + EVENTS; sent < all; sent += AT_ONCE) {
      await analytics.trackMany(Array.from({ length: AT_ONCE }, (_, index) => message(sent + index)));
    }
    while ((await sink.counted()) < sent) await pause(20);
    if (round > 0) rates.push((EVENTS / (performance.now() - startedAt)) * 1_000);
  }
  await client.close();
  worker.kill('SIGTERM');
  await worker.ended;
  await sink.stop();
  await redis.stop();
  const whole = (rate: number) => Math.round(rate).toLocaleString('en');
  return `| ${sink.name} | ${whole(median(rates))} | ${whole(Math.min(...rates))} | ${whole(Math.max(...rates))} |`;
}

const rows: string[] = [];
for (const open of [httpSink, postgresSink]) {
  rows.push(await measure(open));
  console.log(rows.at(-1));
}
await writeFile(
  new URL('analytics-results.md', import.meta.url),
  [
    '# From trackMany to where events are kept',
    '',
    `Written by \`npm run bench:analytics\`: ${ROUNDS} rounds of ${EVENTS.toLocaleString('en')} events, ${AT_ONCE.toLocaleString('en')} a call, through Redis and one worker process. ` +
      `Node ${process.version}, ${cpus().length} cores that producer, Redis, worker and sink share. Each event is validated when it is queued and again when it runs.`,
    '',
    '| into | events/s, median | slowest round | fastest round |',
    '| --- | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n'),
);
