import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Redis } from 'ioredis';
import { startRedis } from '../tests/support/redis-server.ts';
import { measure, median, type Sample } from './measure.ts';
import { rawBullMQ, shiftwork, type Producer, type Subject } from './subjects.ts';

/**
 * What does Shiftwork cost on top of BullMQ, per job? Both do the same work with the same options, in turn, in one process
 * and on one Redis of this run's own; the ratio is of the medians.
 *
 * Use: `npm run bench`, or `npm run bench -- 9` for nine rounds.
 */
const ROUNDS = Number(process.argv[2] ?? 5);

interface Case {
  readonly name: string;
  readonly jobs: number;
  readonly kind: 'enqueue' | 'run';
  readonly work: (subject: Subject, producer: Producer, jobs: number) => Promise<void>;
}

const CASES: readonly Case[] = [
  {
    name: 'enqueue, one at a time',
    kind: 'enqueue',
    jobs: 4_000,
    async work(_subject, producer, jobs) {
      for (let index = 0; index < jobs; index += 1) await producer.one(index);
    },
  },
  {
    name: 'enqueue, 1,000 in flight',
    kind: 'enqueue',
    jobs: 20_000,
    async work(_subject, producer, jobs) {
      for (let from = 0; from < jobs; from += 1_000) {
        await Promise.all(Array.from({ length: 1_000 }, (_, at) => producer.one(from + at)));
      }
    },
  },
  {
    name: 'enqueue, bulks of 1,000',
    kind: 'enqueue',
    jobs: 20_000,
    async work(_subject, producer, jobs) {
      for (let from = 0; from < jobs; from += 1_000) await producer.bulk(from, 1_000);
    },
  },
  { name: 'run, concurrency 1', kind: 'run', jobs: 4_000, work: (subject, _producer, jobs) => subject.run(jobs, 1) },
  { name: 'run, concurrency 50', kind: 'run', jobs: 20_000, work: (subject, _producer, jobs) => subject.run(jobs, 50) },
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
  for (const benchmark of CASES) {
    const rows = await compare(benchmark, benchmark.kind === 'run' ? withLines : quiet);
    for (const row of rows) console.log(row);
    lines.push(...rows);
  }
  writeFileSync(new URL('results.md', import.meta.url), report(lines));
} finally {
  await redis.quit();
  await server.stop();
}

async function compare({ name, kind, jobs, work }: Case, subjects: readonly Subject[]): Promise<string[]> {
  const samples = new Map<Subject, Sample[]>(subjects.map(subject => [subject, []]));
  // The first round warms up code and caches and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [subject, taken] of samples) {
      await redis.flushall();
      // What is run was enqueued by the subject itself: a job costs what its own options cost.
      const producer = await subject.producer();
      if (kind === 'run') for (let from = 0; from < jobs; from += 1_000) await producer.bulk(from, 1_000);
      const sample = await measure(redis, jobs, () => work(subject, producer, jobs));
      await producer.close();
      if (round > 0) taken.push(sample);
    }
  }
  const rows = [...samples].map(([subject, taken]) => ({
    subject: subject.name,
    perSecond: median(taken.map(sample => sample.perSecond)),
    nodeUs: median(taken.map(sample => sample.nodeUs)),
    redisUs: median(taken.map(sample => sample.redisUs)),
  }));
  const base = rows[0];
  return rows.map(row => {
    const node = base ? (row.nodeUs / base.nodeUs).toFixed(2) : '';
    const server = base ? (row.redisUs / base.redisUs).toFixed(2) : '';
    return `| ${name} | ${row.subject} | ${Math.round(row.perSecond)} | ${row.nodeUs.toFixed(1)} | ${row.redisUs.toFixed(1)} | ${node} | ${server} |`;
  });
}

function report(table: readonly string[]): string {
  const version = execFileSync('redis-server', ['--version'], { encoding: 'utf8' }).match(/v=(\S+)/)?.[1] ?? '';
  return [
    '# Shiftwork beside BullMQ',
    '',
    `Written by \`npm run bench\`: ${ROUNDS} rounds, the subjects in turn within each, medians. ` +
      `Node ${process.version}, Redis ${version} on the same host, ${cpus().length} cores. Read the ratios, not the rates: they are of one run.`,
    '',
    ...table,
    '',
  ].join('\n');
}
