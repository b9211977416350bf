import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compare, type Question, type Row } from './compare.ts';
import { adding } from './questions/adding.ts';
import { idle } from './questions/idle.ts';
import { latency } from './questions/latency.ts';
import { running } from './questions/running.ts';
import { spreading, together } from './questions/several-processes.ts';
import { waitsOfOthers } from './questions/waits-of-others.ts';
import { writeResults } from './report/write-results.ts';
import { commit, cores, load, type Results } from './results.ts';
import { postgresServer, redisServer, type Server } from './servers.ts';
import { startSubject } from './subjects/start-subject.ts';

/**
 * What does Shiftwork cost beside BullMQ by itself, per job, with validation, ids, trace context and metrics on? Both do the same work with the same
 * options, each in processes of its own, in turn, on servers of this run's own.
 *
 * Use: `npm run bench` (about eight minutes), which writes results.json, results.md, results.svg and the line in the README. `npm run bench -- --rounds 2
 * --only bulk` asks the questions whose names contain that and writes nothing. `npm run bench -- --peers` compares with other queues: see peers/.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    only: { type: 'string' },
    peers: { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(values.rounds);
const POSTGRES_ROUNDS = Math.min(2, ROUNDS);
const LATENCY_ROUNDS = ROUNDS + 1;
const SUBJECTS = ['BullMQ', 'Shiftwork'] as const;

const asked = (name: string): boolean => values.only === undefined || name.includes(values.only);

function onRedis(server: Server): readonly Question[] {
  return [
    adding(server, 'one by one', 1_500),
    adding(server, 'in flight', 10_000),
    adding(server, 'bulk', 10_000),
    adding(server, 'delayed', 8_000),
    adding(server, 'keyed', 8_000),
    running(server, { concurrency: 1, waitMs: 0, jobs: 4_000 }),
    running(server, { concurrency: 10, waitMs: 0, jobs: 6_000 }),
    running(server, { concurrency: 50, waitMs: 0, jobs: 24_000 }),
    running(server, { concurrency: 200, waitMs: 0, jobs: 30_000 }),
    running(server, { concurrency: 50, waitMs: 0, jobs: 24_000, history: true }),
    running(server, { concurrency: 200, waitMs: 0, jobs: 30_000, history: true }),
    running(server, { concurrency: 1, waitMs: 2, jobs: 150 }),
    running(server, { concurrency: 10, waitMs: 2, jobs: 1_500 }),
    running(server, { concurrency: 50, waitMs: 2, jobs: 5_000 }),
    running(server, { concurrency: 200, waitMs: 2, jobs: 8_000 }),
  ];
}

function onPostgres(server: Server): readonly Question[] {
  return [
    adding(server, 'one by one', 200),
    adding(server, 'in flight', 3_000),
    adding(server, 'bulk', 4_000),
    running(server, { concurrency: 1, waitMs: 0, jobs: 200 }),
    running(server, { concurrency: 10, waitMs: 0, jobs: 2_000, jobsOfBullMQ: 400 }),
    running(server, { concurrency: 50, waitMs: 0, jobs: 8_000, jobsOfBullMQ: 400 }),
    running(server, { concurrency: 200, waitMs: 0, jobs: 10_000, jobsOfBullMQ: 400 }),
  ];
}

async function compareOn(server: Server, questions: readonly Question[], rounds: number): Promise<readonly Row[]> {
  const chosen = questions.filter(({ name }) => asked(name));
  if (chosen.length === 0) return [];
  // Ours first: it makes the tables.
  const shiftwork = await startSubject('Shiftwork', server.url);
  const bullmq = await startSubject('BullMQ', server.url);
  const rows: Row[] = [];
  for (const question of chosen) rows.push(...say(await compare(question, [bullmq, shiftwork], rounds)));
  await bullmq.close();
  await shiftwork.close();
  return rows;
}

/** Prints what was found, as it comes. */
function say<Found>(found: readonly Found[]): readonly Found[] {
  for (const each of found) console.log(JSON.stringify(each, rounded));
  return found;
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}

async function run(): Promise<void> {
  const loadBefore = load();
  const begun = performance.now();
  const redis = await redisServer();
  const redisRows = await compareOn(redis, onRedis(redis), ROUNDS);
  const { url } = redis;
  const none = { latency: [], lateness: [] };
  const waits = asked('latency') ? await latency(url, SUBJECTS, LATENCY_ROUNDS) : none;
  say([...waits.latency, ...waits.lateness]);
  const others = asked('others') ? say(await waitsOfOthers(redis, SUBJECTS)) : [];
  const spread = asked('spread') ? say(await spreading(url, SUBJECTS)) : [];
  const several = asked('together') ? say(await together(redis, SUBJECTS, 2)) : [];
  const asleep = asked('idle') ? say(await idle(redis, SUBJECTS)) : [];
  await redis.stop();
  const postgres = await postgresServer();
  const postgresRows = await compareOn(postgres, onPostgres(postgres), POSTGRES_ROUNDS);
  await postgres.stop();
  console.log(`${Math.round((performance.now() - begun) / 1_000)} s`);
  const results: Results = {
    about: {
      command: 'npm run bench',
      commit: commit(),
      node: process.version,
      redis: redis.version,
      postgres: postgres.version,
      cores: cores(),
      rounds: ROUNDS,
      postgresRounds: POSTGRES_ROUNDS,
      loadBefore,
      loadAfter: load(),
    },
    redis: redisRows,
    postgres: postgresRows,
    latency: waits.latency,
    lateness: waits.lateness,
    waitsOfOthers: others,
    spreading: spread,
    together: several,
    idle: asleep,
  };
  if (values.only !== undefined) return;
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, rounded, 2)}\n`);
  await writeResults();
}

if (values.peers) await (await import('./peers/main.ts')).comparePeers(ROUNDS);
else await run();
