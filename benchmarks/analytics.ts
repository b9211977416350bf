import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Pool } from 'pg';
import type { AnalyticsProducer } from '../producers/index.ts';
import type { Client, ConnectOptions } from '../src/queue/index.ts';
import { startProcess } from '../tests/support/child-process.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { createPostgresSink } from '../workers/analytics/index.ts';
import { median } from './measure.ts';

/**
 * How many analytics events a second go from `trackMany` through Redis and one real worker process to where they are kept: an HTTP sink,
 * and a PostgreSQL table? Producer, Redis, worker and sink share the machine.
 *
 * Beside it, round by round, the same of an earlier release: give the folder of a checkout of it, with its `node_modules`.
 *
 * Use: `npm run bench:analytics`, `npm run bench:analytics -- 9` for nine rounds, `npm run bench:analytics -- 5 ../v0.1` for both.
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const HERE = fileURLToPath(new URL('..', import.meta.url));
const BEFORE = process.argv[3];
const EVENTS = 100_000;
/** What a web app gathers before it hands it over. */
const AT_ONCE = 5_000;

interface Sink {
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

/** One release at work: its producer in this process, its worker in another one, with a Redis and a sink of their own. */
interface Release {
  readonly rates: number[];
  round(): Promise<number>;
  stop(): Promise<void>;
}

interface Doors {
  connect(options: ConnectOptions): Client;
  createAnalyticsProducer(client: Client): Pick<AnalyticsProducer, 'trackMany'>;
}

async function doorsOf(folder: string): Promise<Doors> {
  const load = (path: string): Promise<Doors> => import(pathToFileURL(join(folder, path)).href);
  const [{ connect }, { createAnalyticsProducer }] = await Promise.all([
    load('src/queue/index.ts'),
    load('producers/index.ts'),
  ]);
  return { connect, createAnalyticsProducer };
}

async function start(folder: string, open: () => Promise<Sink>): Promise<Release> {
  const { connect, createAnalyticsProducer } = await doorsOf(folder);
  const [redis, sink] = [await startRedis(), await open()];
  const worker = startProcess(join(folder, 'workers/main.ts'), {
    cwd: folder,
    env: { REDIS_URL: redis.url, WORKER_QUEUES: 'analytics', WORKER_PROCESSES: '1', ...sink.environment },
  });
  await worker.line(/"fact":"worker.started"/);
  const client = connect({ redis: redis.url });
  const analytics = createAnalyticsProducer(client);
  let sent = 0;
  return {
    rates: [],
    async round() {
      const startedAt = performance.now();
      for (const all = sent + EVENTS; sent < all; sent += AT_ONCE) {
        await analytics.trackMany(Array.from({ length: AT_ONCE }, (_, index) => message(sent + index)));
      }
      while ((await sink.counted()) < sent) await pause(20);
      return (EVENTS / (performance.now() - startedAt)) * 1_000;
    },
    async stop() {
      await client.close();
      worker.kill('SIGTERM');
      await worker.ended;
      await sink.stop();
      await redis.stop();
    },
  };
}

async function measure(open: () => Promise<Sink>): Promise<string> {
  const releases = [await start(HERE, open)];
  if (BEFORE !== undefined) releases.push(await start(resolve(BEFORE), open));
  // The first round warms up code and caches and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const release of round % 2 === 0 ? releases : releases.toReversed()) {
      const rate = await release.round();
      if (round > 0) release.rates.push(rate);
    }
  }
  await Promise.all(releases.map(release => release.stop()));
  const whole = (rate: number): string => Math.round(rate).toLocaleString('en');
  const [now = [], before] = releases.map(({ rates }) => rates);
  const ratios = before?.map((rate, round) => (now[round] ?? 0) / rate);
  const compared =
    before === undefined || ratios === undefined
      ? 'not measured | not measured'
      : `${whole(median(before))} | ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
  return `${whole(median(now))} | ${whole(Math.min(...now))} | ${whole(Math.max(...now))} | ${compared}`;
}

const rows: string[] = [];
for (const [name, open] of [
  ['an HTTP sink', httpSink],
  ['a PostgreSQL table', postgresSink],
] as const) {
  rows.push(`| ${name} | ${await measure(open)} |`);
  console.log(rows.at(-1));
}
await writeFile(
  new URL('analytics-results.md', import.meta.url),
  [
    '# From trackMany to where events are kept',
    '',
    `Written by \`npm run bench:analytics\`: ${ROUNDS} rounds of ${EVENTS.toLocaleString('en')} events, ${AT_ONCE.toLocaleString('en')} a call, through Redis and one worker process. ` +
      `Node ${process.version}, ${cpus().length} cores that producer, Redis, worker and sink share. Each event is validated when it is queued and again when it runs. ` +
      'The rounds of this release and of the one before alternate, each with a Redis, a worker and a sink of its own; the ratio is the median of those of each round.',
    '',
    '| into | events/s, median | slowest round | fastest round | the release before | ratio |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n'),
);
