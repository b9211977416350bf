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
import { cpuUsOf } from './servers.ts';

/**
 * How many analytics events a second go from `trackMany` through Redis and one real worker process to where they are kept: an HTTP sink,
 * and a PostgreSQL table? Producer, Redis, worker and sink share the machine.
 *
 * What an event costs in CPU is measured too, since it hardly depends on what else the machine does: of the producer, with the sink that counts (it
 * stands in the same process), and of the worker with its supervisor.
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

interface Round {
  readonly perSecond: number;
  /** Microseconds of CPU an event. */
  readonly producerUs: number;
  readonly workerUs: number;
}

/** One release at work: its producer in this process, its worker in another one, with a Redis and a sink of their own. */
interface Release {
  readonly rounds: Round[];
  round(): Promise<Round>;
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
    rounds: [],
    async round() {
      const [startedAt, cpu, workerCpu] = [performance.now(), process.cpuUsage(), cpuUsOf(worker.pid)];
      for (const all = sent + EVENTS; sent < all; sent += AT_ONCE) {
        await analytics.trackMany(Array.from({ length: AT_ONCE }, (_, index) => message(sent + index)));
      }
      while ((await sink.counted()) < sent) await pause(20);
      const { user, system } = process.cpuUsage(cpu);
      return {
        perSecond: (EVENTS / (performance.now() - startedAt)) * 1_000,
        producerUs: (user + system) / EVENTS,
        workerUs: (cpuUsOf(worker.pid) - workerCpu) / EVENTS,
      };
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
      const done = await release.round();
      if (round > 0) release.rounds.push(done);
    }
  }
  await Promise.all(releases.map(release => release.stop()));
  const [now = [], before] = releases.map(({ rounds }) => rounds);
  const whole = (value: number): string => Math.round(value).toLocaleString('en');
  const columns = (
    [
      ['perSecond', whole],
      ['producerUs', (us: number) => us.toFixed(1)],
      ['workerUs', (us: number) => us.toFixed(1)],
    ] as const
  ).flatMap(([figure, written]) => {
    const of = (rounds: readonly Round[]): readonly number[] => rounds.map(each => each[figure]);
    if (before === undefined) return [written(median(of(now))), 'not measured', 'not measured'];
    const ratios = of(now).map((value, round) => value / (of(before)[round] ?? Number.NaN));
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    return [written(median(of(now))), written(median(of(before))), `${median(ratios).toFixed(2)} (${range})`];
  });
  return columns.join(' | ');
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
      'The rounds of this release and of the one before alternate, each with a Redis, a worker and a sink of its own; figures are medians, and a ratio is the median of those of each round. ' +
      'The producer’s CPU has the sink’s in it where events go to HTTP.',
    '',
    '| into | events/s | the release before | ratio | producer, us of CPU | the release before | ratio | worker, us of CPU | the release before | ratio |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n'),
);
