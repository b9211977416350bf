import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { rawSql } from '@event-driven-io/dumbo';
import {
  getPostgreSQLEventStore,
  postgreSQLProjection,
  type PostgresEventStore,
} from '@event-driven-io/emmett-postgresql';
import { Pool } from 'pg';
import { z } from 'zod';
import { defineEvent } from '../src/contracts/index.ts';
import {
  defineProjection,
  EventStore,
  is,
  migrateEventStore,
  Projections,
  type Projection,
} from '../src/event-store/index.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';
import { median } from './measure.ts';

/**
 * How fast is the event store, beside emmett's on the same PostgreSQL, in turn? `npm run bench:event-store`. With `-- --memory` also: does a
 * rebuild of 1,000,000 events need more memory than one of 10,000?
 *
 * Both store the same events and write the same read model in the same way: a batch folded in memory, one upsert. Ours validates every
 * event with its schema on the way in and out; emmett's does not. PostgreSQL runs without fsync, so that the disk is not what is measured.
 */
const ROUNDS = 5;
const READ = 10_000;
const PROJECTED = 100_000;
const BATCH = 1_000;

const deposited = defineEvent('money.deposited', {
  schema: z.object({ amount: z.int(), currency: z.string(), description: z.string() }),
});
type Deposited = {
  readonly type: 'money.deposited';
  readonly data: { readonly amount: number; readonly currency: string; readonly description: string };
};
const payload = (amount: number) => ({ amount, currency: 'EUR', description: 'The rent of a small flat in October' });

/** One of the two, as the benchmark uses it. */
interface Subject {
  readonly name: string;
  append(stream: string, count: number, version: number): Promise<void>;
  /** Answers how many it has read. */
  read(stream: string): Promise<number>;
  /** Projects all events into a fresh read model; answers the sum it came to. */
  project(round: number): Promise<number>;
  close(): Promise<void>;
}

const UPSERT = `insert into TABLE as t (stream, total, events) select * from json_to_recordset($1) as r (stream text, total bigint, events int)
  on conflict (stream) do update set total = t.total + excluded.total, events = t.events + excluded.events`;

function fold(events: readonly { readonly stream: string; readonly amount: number }[]): string {
  const sums = new Map<string, { readonly stream: string; total: number; events: number }>();
  for (const { stream, amount } of events) {
    const sum = sums.get(stream) ?? { stream, total: 0, events: 0 };
    sum.total += amount;
    sum.events += 1;
    sums.set(stream, sum);
  }
  return JSON.stringify([...sums.values()]);
}

function sumsProjection(name: string): Projection {
  return defineProjection({
    name,
    shape: 1,
    events: [deposited],
    tables: 'create table sum (stream text primary key, total bigint not null, events int not null)',
    async project(events, tx) {
      const due = events.flatMap(event =>
        is(deposited, event) ? [{ stream: event.stream, amount: event.payload.amount }] : [],
      );
      await tx.query(UPSERT.replace('TABLE', 'sum'), [fold(due)]);
    },
  });
}

async function openShiftwork(url: string): Promise<Subject> {
  const pool = openPool(url);
  await migrateEventStore(pool);
  const store = new EventStore({ pool, events: [deposited] });
  return {
    name: 'shiftwork',
    async append(stream, count, version) {
      const events = Array.from({ length: count }, (_, n) => deposited(payload(n)));
      await store.append(stream, events, { expectedVersion: version });
    },
    async read(stream) {
      let count = 0;
      for await (const event of store.readStream(stream)) count += event.streamVersion > 0 ? 1 : 0;
      return count;
    },
    async project(round) {
      const name = `sums_${round}`;
      const projections = new Projections({ store, projections: [sumsProjection(name)], batchSize: BATCH });
      await projections.prepare();
      const head = await store.safePosition();
      projections.start();
      await projections.waitFor(name, head, '5m');
      await projections.stop();
      return sumOf(pool, `read_${name}.sum`);
    },
    async close() {
      await store.settle();
      await pool.end();
    },
  };
}

async function openEmmett(url: string): Promise<Subject> {
  const pool = openPool(url);
  const store: PostgresEventStore = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
  await store.schema.migrate();
  return {
    name: 'emmett',
    async append(stream, count, version) {
      const events = Array.from({ length: count }, (_, n): Deposited => ({
        type: 'money.deposited',
        data: payload(n),
      }));
      await store.appendToStream(stream, events, { expectedStreamVersion: BigInt(version) });
    },
    async read(stream) {
      const { events } = await store.readStream(stream);
      return events.length;
    },
    async project(round) {
      const table = `sums_${round}`;
      await pool.query(`create table ${table} (stream text primary key, total bigint not null, events int not null)`);
      const consumer = store.consumer<Deposited>({
        stopWhen: { noMessagesLeft: true },
        // It pauses between batches: as briefly as can be.
        pulling: { batchSize: BATCH, pullingFrequencyInMs: 0 },
      });
      // It commits a batch at a time, and calls the handler and stores the checkpoint for each event of it.
      consumer.projector<Deposited>({
        processorId: table,
        projection: postgreSQLProjection<Deposited>({
          name: table,
          canHandle: ['money.deposited'],
          async handle(events, { execute }) {
            const due = events.map(({ data, metadata }) => ({ stream: metadata.streamName, amount: data.amount }));
            const json = `'${fold(due).replaceAll("'", "''")}'::json`;
            await execute.command(rawSql(UPSERT.replace('TABLE', table).replace('$1', () => json)));
          },
        }),
      });
      await consumer.start();
      await consumer.close();
      return sumOf(pool, table);
    },
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

async function sumOf(pool: Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ sum: number }>(`select sum(events)::int as sum from ${table}`);
  return rows[0]?.sum ?? 0;
}

async function rate(count: number, work: () => Promise<void>): Promise<number> {
  globalThis.gc?.();
  const startedAt = performance.now();
  await work();
  return (count * 1_000) / (performance.now() - startedAt);
}

type Question = readonly [name: string, ask: (subject: Subject, round: number) => Promise<number>];

const appendQuestion = (size: number, times: number): Question => [
  `append ${size} (events/s)`,
  (subject, round) =>
    rate(size * times, async () => {
      const stream = `append-${size}-${round}`;
      for (let n = 0; n < times; n += 1) await subject.append(stream, size, n * size);
    }),
];

const questions: readonly Question[] = [
  appendQuestion(1, 1_500),
  appendQuestion(10, 500),
  appendQuestion(100, 100),
  [
    `read a stream of ${READ} (events/s)`,
    subject =>
      rate(READ, async () => {
        if ((await subject.read('read')) !== READ) throw new Error(`${subject.name} did not read all.`);
      }),
  ],
];

async function compare(): Promise<void> {
  const server = await startPostgres();
  const [ours, theirs] = [
    await openShiftwork(await database(server.url, 'ours')),
    await openEmmett(await database(server.url, 'theirs')),
  ];
  try {
    for (const subject of [ours, theirs]) {
      for (let n = 0; n < READ; n += 1_000) await subject.append('read', 1_000, n);
    }
    const results = new Map<string, number[][]>();
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [name, ask] of questions) {
        // Each is first in every other round; round 0 warms up.
        const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
        for (const subject of order) keep(results, name, subject === ours ? 0 : 1, round, await ask(subject, round));
      }
    }
    // As many for both, in 100 streams of each, beside what was appended so far.
    for (const subject of [ours, theirs]) {
      for (let n = 0; n < PROJECTED / 1_000; n += 1) await subject.append(`project-${n}`, 1_000, 0);
    }
    for (let round = 1; round <= 2; round += 1) {
      for (const [index, subject] of [ours, theirs].entries()) {
        const startedAt = performance.now();
        const events = await subject.project(round);
        if (events < PROJECTED) throw new Error(`${subject.name} projected ${events} events.`);
        const perSecond = (events * 1_000) / (performance.now() - startedAt);
        keep(results, 'project 100,000 and more (events/s)', index, round, perSecond);
      }
    }
    say('| question | shiftwork | emmett | ratio |\n| --- | ---: | ---: | ---: |');
    for (const [name, [a = [], b = []]] of results) {
      const [x, y] = [median(a), median(b)];
      const [left, right] = [x, y].map(each => Math.round(each).toLocaleString('en'));
      say(`| ${name} | ${left} | ${right} | ${(x / y).toFixed(2)} |`);
    }
    say('');
  } finally {
    await ours.close();
    await theirs.close();
    await server.stop();
  }
}

function keep(results: Map<string, number[][]>, name: string, index: number, round: number, value: number): void {
  if (round === 0) return;
  const both = results.get(name) ?? [[], []];
  results.set(name, both);
  both[index]?.push(value);
}

/** How fast so many events are rebuilt, and how much of the heap is in use at most after a collection, looked at every 20 batches. */
async function rebuilds(count: number): Promise<void> {
  const server = await startPostgres();
  const subject = await openShiftwork(await database(server.url, 'rebuild'));
  const pool = openPool(await database(server.url, 'rebuild'));
  try {
    for (let n = 0; n < count / 1_000; n += 1) await subject.append(`project-${n}`, 1_000, 0);
    const store = new EventStore({ pool, events: [deposited] });
    const projections = new Projections({ store, projections: [sumsProjection('sums')], batchSize: BATCH });
    await projections.prepare();
    const memory = { heap: 0, resident: 0 };
    let batches = 0;
    const perSecond = await rate(count, async () => {
      await projections.rebuild('sums', {
        onProgress() {
          batches += 1;
          if (batches % 20 !== 5) return;
          globalThis.gc?.();
          const { heapUsed, rss } = process.memoryUsage();
          memory.heap = Math.max(memory.heap, heapUsed);
          memory.resident = Math.max(memory.resident, rss);
        },
      });
    });
    say(
      `Rebuild of ${count.toLocaleString('en')} events: ${Math.round(perSecond).toLocaleString('en')} events/s; ` +
        `heap in use ${(memory.heap / 1e6).toFixed(1)} MB at most, resident ${Math.round(memory.resident / 1e6)} MB.`,
    );
  } finally {
    await subject.close();
    await pool.end();
    await server.stop();
  }
}

const said: string[] = [];
function say(line: string): void {
  said.push(line);
  console.log(line);
}

function openPool(url: string): Pool {
  const pool = new Pool({ connectionString: url, max: 10 });
  // The server ends before its idle connections do.
  pool.on('error', () => undefined);
  return pool;
}

async function database(server: string, name: string): Promise<string> {
  const pool = new Pool({ connectionString: server, max: 1 });
  const { rowCount } = await pool.query('select 1 from pg_database where datname = $1', [name]);
  if (rowCount === 0) await pool.query(`create database ${name}`);
  await pool.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

await compare();
if (process.argv.includes('--memory')) for (const count of [10_000, 100_000, 1_000_000]) await rebuilds(count);
else await rebuilds(100_000);
await writeFile(
  new URL('event-store-results.md', import.meta.url),
  `# The event store, measured\n\n\`npm run bench:event-store\` wrote this on ${new Date().toISOString().slice(0, 10)}, with Node ${process.version} and ` +
    `${availableParallelism()} cores that other programs used too: the ratios count. PostgreSQL 18 on the same machine, without fsync; medians of ${ROUNDS} rounds in turn.\n\n` +
    `${said.join('\n')}\n`,
);
