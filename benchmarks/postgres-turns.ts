import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, chmod, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresBackend, Queue, Worker, type JobsOptions } from 'bullmq';
import { Pool } from 'pg';
import { startPostgres } from '../local/postgres/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { PostgresEngine } from '../src/engine/postgres/postgres-engine.ts';
import type { End, NewJob, TurnQueue } from '../src/engine/turns/index.ts';
import { freePort } from '../tests/support/free-port.ts';
import { median } from './measure.ts';

/**
 * What do turns cost on PostgreSQL beside BullMQ's own worker, on the same tables, with fsync on? Both run the same jobs with the same options,
 * in turn, in one process and on one server of this run's own.
 *
 * Use: `npm run bench:postgres`, or `npm run bench:postgres -- 5` for five rounds.
 */
const ROUNDS = Number(process.argv[2] ?? 3);
const QUEUE = 'bench';
/** As a worker host has it: two under way, so that neither side waits for the other, and a bound for each. */
const UNDER_WAY = 2;
const JOBS_A_TURN = 64;

interface Sample {
  readonly perSecond: number;
  readonly nodeUs: number;
  readonly serverUs: number;
}

interface Subject {
  readonly name: string;
  /** Runs so many waiting jobs, so many at once. */
  run(jobs: number, concurrency: number): Promise<void>;
}

const KEEP = { age: 3_600, count: 1_000 };
const OPTIONS: JobsOptions = { attempts: 5, priority: 20, removeOnComplete: KEEP, removeOnFail: { age: 1_209_600 } };
const dataOf = (index: number) => ({
  userId: `user-${index}`,
  email: `person.${index}@example.com`,
  name: 'Ada Lovelace',
});

const folder = await mkdtemp(join(tmpdir(), 'shiftwork-bench-'));
await chmod(folder, 0o711);
const server = await startPostgres({ folder, fallbackFolder: folder, port: await freePort() });
const setup = openEngine({ url: server.url, role: 'producer' });
await setup.migrate();
await setup.close();
const pool = new Pool({ connectionString: server.url, options: '-c search_path=bullmq', max: 20, keepAlive: true });
const engine = new PostgresEngine(new URL(server.url), { url: server.url, role: 'worker' });
const turns = await engine.turns(QUEUE);
await pool.query("INSERT INTO meta (queue, field, value) VALUES ($1, 'opts.maxLenEvents', '1000')", [QUEUE]);

const raw: Subject = {
  name: 'BullMQ',
  run: (jobs, concurrency) => {
    let ended = 0;
    const worker = new Worker(
      QUEUE,
      async () => null,
      { connection: pool as never, concurrency },
      createPostgresBackend as never,
    );
    return new Promise(resolve => {
      worker.on('completed', () => {
        if ((ended += 1) === jobs) void worker.close().then(resolve);
      });
    });
  },
};
const ours: Subject = { name: 'turns', run: (jobs, concurrency) => runTurns(turns, jobs, concurrency) };

/** The shortest host: settles what has ended and takes as many as there are free slots. */
function runTurns(queue: TurnQueue, jobs: number, concurrency: number): Promise<void> {
  let running = 0;
  let asked = 0;
  let underWay = 0;
  let count = 0;
  let settled = 0;
  let planned = false;
  let ends: End[] = [];
  return new Promise((resolve, reject) => {
    const plan = (): void => {
      if (planned) return;
      planned = true;
      setImmediate(() => {
        planned = false;
        turn().catch(reject);
      });
    };
    const turn = async (): Promise<void> => {
      const wanted = Math.min(JOBS_A_TURN, concurrency - running - asked);
      if (underWay >= UNDER_WAY || (ends.length === 0 && wanted === 0)) return;
      const told = ends.slice(0, JOBS_A_TURN);
      ends = ends.slice(JOBS_A_TURN);
      asked += wanted;
      underWay += 1;
      const id = `turn-${(count += 1)}`;
      const tokens = Array.from({ length: wanted }, (_, nth) => `${id}:${nth}`);
      const answer = await queue.turn({
        id,
        now: Date.now(),
        ends: told,
        take: wanted === 0 ? undefined : { tokens, worker: 'bench', lockMs: 30_000, maxBytes: 1_000_000 },
      });
      underWay -= 1;
      asked -= wanted;
      settled += told.length;
      for (const job of answer.jobs) {
        running += 1;
        queueMicrotask(() => {
          running -= 1;
          ends.push({ jobId: job.id, token: job.token, end: { what: 'succeeded', result: 'null', keep: KEEP } });
          plan();
        });
      }
      if (settled === jobs) resolve();
      else if (ends.length > 0 || answer.rest?.kind === 'more') plan();
    };
    plan();
  });
}

async function fill(jobs: number): Promise<void> {
  await pool.query('TRUNCATE job, job_log, job_dependency, event, dedup, dedup_next');
  for (let from = 0; from < jobs; from += 500) await turns.add(newJobs(from, Math.min(500, jobs - from)));
  // As autovacuum would have done for a queue that has been at work for a minute.
  await pool.query('ANALYZE job; ANALYZE event');
}

function newJobs(from: number, count: number): NewJob[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `bench-${from + at}`,
    name: 'greet',
    data: JSON.stringify(dataOf(from + at)),
    opts: OPTIONS,
    timestamp: Date.now(),
  }));
}

/** CPU time of the server and of all that it has started, microseconds; those that have ended are counted by their parent. */
function serverCpuUs(): number {
  const ticks = (pid: number | string): readonly number[] =>
    (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ').map(Number);
  let sum = 0;
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const stat = ticks(pid);
      if (Number(pid) === server.pid) sum += stat.slice(11, 15).reduce((all, each) => all + each, 0);
      else if (stat[1] === server.pid) sum += (stat[11] ?? 0) + (stat[12] ?? 0);
    } catch {
      // It has ended since the list was made.
    }
  }
  return sum * 10_000;
}

async function sampleOf(jobs: number, work: () => Promise<unknown>): Promise<Sample> {
  const serverBefore = serverCpuUs();
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    perSecond: (jobs / ms) * 1_000,
    nodeUs: (cpu.user + cpu.system) / jobs,
    serverUs: (serverCpuUs() - serverBefore) / jobs,
  };
}

interface Case {
  readonly name: string;
  readonly samples: readonly (readonly [subject: string, take: () => Promise<Sample>])[];
}

/** BullMQ alone runs some 800 a second: fewer jobs say as much. */
const running = ([concurrency, rawJobs, ourJobs]: readonly [number, number, number]): Case => ({
  name: `run, ${concurrency} at once`,
  samples: (
    [
      [raw, rawJobs],
      [ours, ourJobs],
    ] as const
  ).map(([subject, jobs]) => [
    subject.name,
    async () => {
      await fill(jobs);
      return sampleOf(jobs, () => subject.run(jobs, concurrency));
    },
  ]),
});

const queue = new Queue(QUEUE, { connection: pool as never }, createPostgresBackend as never);
await queue.waitUntilReady();
const adding = (
  name: string,
  jobs: number,
  add: (from: number) => Promise<unknown>,
  addOurs: (from: number) => Promise<unknown>,
  by: number,
): Case => ({
  name,
  samples: (
    [
      ['BullMQ', add],
      ['turns', addOurs],
    ] as const
  ).map(([subject, one]) => [
    subject,
    async () => {
      await fill(0);
      return sampleOf(jobs, async () => {
        for (let from = 0; from < jobs; from += by) await one(from);
      });
    },
  ]),
});
const rawJob = (index: number) => ({
  name: 'greet',
  data: dataOf(index),
  opts: { ...OPTIONS, jobId: `bench-${index}` },
});

const CASES: readonly Case[] = [
  adding(
    'add, one by one',
    500,
    from => queue.add('greet', dataOf(from), rawJob(from).opts),
    from => turns.add(newJobs(from, 1)),
    1,
  ),
  adding(
    'add, bulks of 500',
    10_000,
    from => queue.addBulk(Array.from({ length: 500 }, (_, at) => rawJob(from + at))),
    from => turns.add(newJobs(from, 500)),
    500,
  ),
  ...(
    [
      [1, 500, 500],
      [10, 1_500, 4_000],
      [50, 2_000, 12_000],
      [200, 2_000, 20_000],
    ] as const
  ).map(running),
];

try {
  const lines = [
    '| what | subject | jobs/s | Node CPU, us/job | server CPU, us/job | jobs/s to BullMQ |',
    '|---|---|---|---|---|---|',
  ];
  for (const { name, samples } of CASES) {
    const taken = samples.map(() => [] as Sample[]);
    // The first round warms up and is not counted.
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [nth, [, take]] of samples.entries()) {
        const one = await take();
        if (round > 0) taken[nth]?.push(one);
      }
    }
    for (const [nth, [subject]] of samples.entries()) {
      const of = (figure: keyof Sample, at = nth): number => median((taken[at] ?? []).map(sample => sample[figure]));
      const ratio = median(
        (taken[nth] ?? []).map((sample, round) => sample.perSecond / (taken[0]?.[round]?.perSecond ?? Number.NaN)),
      );
      const line = `| ${name} | ${subject} | ${Math.round(of('perSecond'))} | ${of('nodeUs').toFixed(0)} | ${of('serverUs').toFixed(0)} | ${ratio.toFixed(1)} |`;
      console.log(line);
      lines.push(line);
    }
  }
  const about = [
    '# Turns on PostgreSQL beside BullMQ',
    '',
    `Written by \`npm run bench:postgres\`: medians of ${ROUNDS} rounds, the subjects in turn within each, on one PostgreSQL of its own with fsync on, Node ${process.version}, ` +
      `${cpus().length} cores for both sides. Read the ratios, not the rates. Every job has a priority, and finished ones are kept for an hour, at most a thousand.`,
    '',
  ];
  writeFileSync(new URL('postgres-turns.md', import.meta.url), [...about, ...lines, ''].join('\n'));
} finally {
  await queue.close();
  await engine.close(2_000);
  await pool.end();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
