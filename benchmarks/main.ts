import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Redis } from 'ioredis';
import { startRedis } from '../tests/support/redis-server.ts';
import { measure, median, type Sample } from './measure.ts';
import { rawBullMQ, shiftwork, type Producer, type Subject } from './subjects.ts';

/**
 * What does Shiftwork cost on top of BullMQ, per job, with validation, ids, trace context and metrics on? Both do the same work with
 * the same options, in turn, in one process and on one Redis of this run's own. Each round gives a ratio, of what was
 * measured one after the other; the ratio in the table is their median, which a machine that is busy for a while disturbs least.
 *
 * Use: `npm run bench`, or `npm run bench -- 9` for nine rounds. `npm run bench -- 5 enqueue` measures the rows whose name begins so, and
 * writes no file.
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const ONLY = process.argv[3] ?? '';

interface Case {
  readonly name: string;
  readonly jobs: number;
  readonly sample: (subject: Subject, producer: Producer, jobs: number) => Promise<Sample>;
  readonly withLines?: boolean;
}

const enqueue =
  (work: (producer: Producer, jobs: number) => Promise<void>): Case['sample'] =>
  (_subject, producer, jobs) =>
    measure(redis, jobs, () => work(producer, jobs));

/** What a process costs to start is no cost of a job: the first thousand jobs are not counted. */
const run =
  (concurrency: number): Case['sample'] =>
  async (subject, producer, jobs) => {
    const all = jobs + 1_000;
    // What is run was enqueued by the subject itself: a job costs what its own options cost.
    for (let from = 0; from < all; from += 1_000) await producer.bulk(from, 1_000);
    const working = await subject.work(concurrency);
    const before = await working.ran(1_000);
    const sample = await measure(redis, all - before, () => working.recorded(all));
    await working.stop();
    return sample;
  };

const CASES: readonly Case[] = [
  {
    name: 'enqueue, one at a time',
    jobs: 4_000,
    sample: enqueue(async (producer, jobs) => {
      for (let index = 0; index < jobs; index += 1) await producer.one(index);
    }),
  },
  {
    name: 'enqueue, 1,000 in flight',
    jobs: 20_000,
    sample: enqueue(async (producer, jobs) => {
      for (let from = 0; from < jobs; from += 1_000) {
        await Promise.all(Array.from({ length: 1_000 }, (_, at) => producer.one(from + at)));
      }
    }),
  },
  {
    name: 'enqueue, bulks of 1,000',
    jobs: 20_000,
    sample: enqueue(async (producer, jobs) => {
      for (let from = 0; from < jobs; from += 1_000) await producer.bulk(from, 1_000);
    }),
  },
  { name: 'run, concurrency 1', jobs: 6_000, sample: run(1), withLines: true },
  { name: 'run, concurrency 10', jobs: 20_000, sample: run(10) },
  { name: 'run, concurrency 50', jobs: 20_000, sample: run(50), withLines: true },
  { name: 'run, concurrency 200', jobs: 20_000, sample: run(200) },
];

const server = await startRedis();
const redis = new Redis(server.url);
try {
  const quiet = [rawBullMQ(server.url), shiftwork(server.url, 'quiet')];
  const withLines = [...quiet, shiftwork(server.url, 'lines')];
  const lines = [
    '| what | subject | jobs/s | Node CPU, us/job | Redis CPU, us/job | Node CPU to BullMQ | Redis CPU to BullMQ |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const benchmark of CASES.filter(({ name }) => name.startsWith(ONLY))) {
    const rows = await compare(benchmark, benchmark.withLines === true ? withLines : quiet);
    for (const row of rows) console.log(row);
    lines.push(...rows);
  }
  if (ONLY === '') writeFileSync(new URL('results.md', import.meta.url), report(lines));
} finally {
  await redis.quit();
  await server.stop();
}

async function compare({ name, jobs, sample }: Case, subjects: readonly Subject[]): Promise<string[]> {
  const samples = new Map<Subject, Sample[]>(subjects.map(subject => [subject, []]));
  // The first round warms up code and caches and is not counted. Each subject goes first in its turn.
  const order = [...samples];
  for (let round = 0; round <= ROUNDS; round += 1) {
    order.push(...order.splice(0, 1));
    for (const [subject, taken] of order) {
      await redis.flushall();
      const producer = await subject.producer();
      const one = await sample(subject, producer, jobs);
      await producer.close();
      if (round > 0) taken.push(one);
    }
  }
  const [base = []] = samples.values();
  return [...samples].map(([{ name: subject }, taken]) => {
    const of = (figure: keyof Sample) => median(taken.map(sample => sample[figure]));
    const toBase = (figure: keyof Sample) =>
      median(taken.map((sample, round) => sample[figure] / (base[round]?.[figure] ?? Number.NaN))).toFixed(2);
    return (
      `| ${name} | ${subject} | ${Math.round(of('perSecond'))} | ${of('nodeUs').toFixed(1)} | ${of('redisUs').toFixed(1)} ` +
      `| ${toBase('nodeUs')} | ${toBase('redisUs')} |`
    );
  });
}

function report(table: readonly string[]): string {
  const version = execFileSync('redis-server', ['--version'], { encoding: 'utf8' }).match(/v=(\S+)/)?.[1] ?? '';
  return [
    '# Shiftwork beside BullMQ',
    '',
    `Written by \`npm run bench\`: ${ROUNDS} rounds, the subjects in turn within each; medians, of the ratios too. ` +
      'Shiftwork runs with validation, ids, trace context and metrics on. ' +
      `Node ${process.version}, Redis ${version} on the same host, ${cpus().length} cores. Read the ratios, not the rates: they are of one run.`,
    '',
    ...table,
    '',
    'The first thousand jobs of a run are not counted: they carry what a process costs to start.',
    'With one empty job at a time Redis falls asleep between two commands, and waking it is the largest part of what is measured: 15 us of work in the ' +
      "handler make BullMQ's own write 8 us dearer. Concurrency 50 is the ratio that says what Shiftwork adds.",
    '',
  ].join('\n');
}
