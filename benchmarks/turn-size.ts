import { Redis } from 'ioredis';
import { z } from 'zod';
import { defineJob } from '../src/contracts/index.ts';
import { openEngine, type End, type TakenJob, type TurnQueue } from '../src/engine/index.ts';
import { connect } from '../src/queue/index.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { measure, median, type Sample } from './measure.ts';

/**
 * How many jobs should one turn have? With more a job costs less, and other clients of that Redis wait for longer: `npm run bench:turn-size [-- ROUNDS]`.
 * The sizes take turns, one turn is under way at a time, nothing but the turns runs; ratios are to turns of 32, of the same round.
 */
const ROUNDS = Number(process.argv[2] ?? 9);
const SIZES = [1, 8, 16, 24, 32, 64] as const;
const BASE = 32;
const JOBS = 2_000;
/** As many as are kept have ended before: each that ends then removes one. */
const KEEP = { age: 3_600, count: 500 };

const greet = defineJob({ queue: 'email', name: 'greet', schema: z.object({ userId: z.string(), text: z.string() }) });

const server = await startRedis();
const redis = new Redis(server.url);
const client = connect({ redis: server.url });
const engine = openEngine({ url: server.url, role: 'worker' });
const queue = await engine.turns('email');
let turns = 0;
let tokens = 0;

await run(BASE, KEEP.count);
const found = new Map<number, (Sample & { readonly turnMs: number })[]>(SIZES.map(size => [size, []]));
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const size of SIZES) {
    await add(JOBS);
    await redis.config('RESETSTAT');
    const sample = await measure(redis, JOBS, () => work(queue, size, JOBS));
    const turnMs = await scriptMs();
    if (round > 0) found.get(size)?.push({ ...sample, turnMs });
  }
}
const base = found.get(BASE) ?? [];
for (const [size, samples] of found) {
  const ratio = (figure: 'nodeUs' | 'redisUs' | 'turnMs'): string =>
    median(samples.map((sample, round) => sample[figure] / (base[round]?.[figure] ?? Number.NaN))).toFixed(2);
  console.log(
    `${size} a turn: Redis ${median(samples.map(({ redisUs }) => redisUs)).toFixed(1)} us a job (${ratio('redisUs')}), ` +
      `this process ${median(samples.map(({ nodeUs }) => nodeUs)).toFixed(1)} us (${ratio('nodeUs')}), ` +
      `a turn takes ${median(samples.map(({ turnMs }) => turnMs)).toFixed(2)} ms of Redis (${ratio('turnMs')})`,
  );
}
await client.close();
await engine.close();
await redis.quit();
await server.stop();

async function run(size: number, jobs: number): Promise<void> {
  await add(jobs);
  await work(queue, size, jobs);
}

async function add(jobs: number): Promise<void> {
  const text = 'x'.repeat(100);
  for (let at = 0; at < jobs; at += 500) {
    await client.enqueueMany(Array.from({ length: 500 }, (_, nth) => greet({ userId: `u${at + nth}`, text })));
  }
}

/** Takes and ends them, so many a turn. */
async function work(of: TurnQueue, size: number, jobs: number): Promise<void> {
  let running: readonly TakenJob[] = [];
  for (let ended = 0; ended < jobs;) {
    const ends = running.map(({ id, token }): End => {
      return { jobId: id, token, end: { what: 'succeeded', result: 'null', keep: KEEP } };
    });
    const take = {
      tokens: Array.from({ length: size }, () => `bench:${(tokens += 1)}`),
      worker: 'bench',
      lockMs: 30_000,
      maxBytes: 512 * 1_024,
    };
    const answer = await of.turn({ id: `bench:${(turns += 1)}`, now: Math.floor(engine.clock.now()), ends, take });
    ended += ends.length;
    running = answer.jobs;
    if (ends.length === 0 && running.length === 0) throw new Error('Expected jobs in the queue.');
  }
}

/** Of one turn, at the median, as the server counts it. */
async function scriptMs(): Promise<number> {
  const said = /^latency_percentiles_usec_evalsha:p50=([\d.]+)/m.exec(await redis.info('latencystats'))?.[1];
  return Number(said) / 1_000;
}
