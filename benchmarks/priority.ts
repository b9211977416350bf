import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { startRedis } from '../tests/support/redis-server.ts';
import { measure, median, type Sample } from './measure.ts';

/**
 * What does a priority cost? BullMQ alone, with and without one, in turn on one Redis: `npm run bench:priority`.
 * Every Shiftwork job has a priority, because BullMQ runs jobs without one before all others.
 */
const ROUNDS = 5;
const JOBS = 20_000;
const VARIANTS = { 'without a priority': undefined, 'with a priority': 20 } as const;

const server = await startRedis();
const redis = new Redis(server.url);
const samples = new Map<string, { add: Sample[]; run: Sample[] }>();
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, priority] of Object.entries(VARIANTS)) {
    await redis.flushall();
    const add = await measure(redis, JOBS, () => enqueue(priority));
    const run = await measure(redis, JOBS, work);
    if (round === 0) continue;
    const taken = samples.get(name) ?? { add: [], run: [] };
    samples.set(name, taken);
    taken.add.push(add);
    taken.run.push(run);
  }
}
await redis.quit();
await server.stop();

for (const part of ['add', 'run'] as const) {
  for (const [name, taken] of samples) {
    const nodeUs = median(taken[part].map(sample => sample.nodeUs)).toFixed(1);
    const redisUs = median(taken[part].map(sample => sample.redisUs)).toFixed(1);
    console.log(`${part} ${name}: Node ${nodeUs} us, Redis ${redisUs} us a job`);
  }
}

async function enqueue(priority: number | undefined): Promise<void> {
  const connection = new Redis(server.url);
  const queue = new Queue('email', { connection });
  for (let from = 0; from < JOBS; from += 1_000) {
    const opts = { removeOnComplete: true, ...(priority !== undefined && { priority }) };
    await queue.addBulk(Array.from({ length: 1_000 }, () => ({ name: 'greet', data: { userId: 'u1' }, opts })));
  }
  await queue.close();
  await connection.quit();
}

async function work(): Promise<void> {
  const connection = new Redis(server.url, { maxRetriesPerRequest: null });
  let handled = 0;
  const done = Promise.withResolvers<void>();
  const worker = new Worker(
    'email',
    async () => {
      handled += 1;
      if (handled === JOBS) done.resolve();
    },
    { connection, concurrency: 50 },
  );
  await done.promise;
  await worker.close();
  await connection.quit();
}
