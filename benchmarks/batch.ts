import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startPostgres } from '../local/postgres/index.ts';
import { defineApp, defineJob, handle } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Facts } from '../src/facts/index.ts';
import { clientOn } from '../src/queue/index.ts';
import { createWorkerHost } from '../src/runtime/index.ts';
import { freePort } from '../tests/support/free-port.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { median } from './measure.ts';

/**
 * What does it cost to be a member of a batch? 10,000 jobs that do nothing are queued and run, 50 at once, in turn as jobs by themselves and as the
 * members of one batch whose callback has run at the end. The servers are of this run, and flush their disks.
 *
 * Use: `npm run bench:batch`, or `npm run bench:batch -- 9` for nine rounds.
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const JOBS = 10_000;
const AT_ONCE = 50;

const folder = await mkdtemp(join(tmpdir(), 'shiftwork-bench-'));
await chmod(folder, 0o711);
const redis = await startRedis();
const postgres = await startPostgres({ folder, fallbackFolder: folder, port: await freePort() });
const rows: string[] = [];
for (const [kind, url] of [
  ['Redis', redis.url],
  ['PostgreSQL', postgres.url],
] as const) {
  rows.push(await compare(kind, url));
}
console.log(
  '\n| 10,000 jobs, 50 at once | by themselves, ms | members of a batch, ms | to the first | Node CPU to the first |',
);
console.log('| --- | --- | --- | --- | --- |');
for (const row of rows) console.log(row);
await redis.stop();
await postgres.stop();
await rm(folder, { recursive: true, force: true });

async function compare(kind: string, url: string): Promise<string> {
  const work = defineJob({ queue: 'email', name: 'work', schema: z.object({ nth: z.number() }) });
  const after = defineJob({ queue: 'email', name: 'after', schema: z.object({}) });
  let left = 0;
  let done = (): void => undefined;
  const count = (): void => {
    left -= 1;
    if (left === 0) done();
  };
  const app = defineApp({ jobs: [work, after], handlers: [handle(work, count), handle(after, count)] });
  const engine = openEngine({ url, namespace: 'bench', role: 'worker' });
  await engine.migrate();
  const facts = new Facts();
  const client = clientOn(openEngine({ url, namespace: 'bench', role: 'producer' }), facts);
  const host = createWorkerHost({ app, engine, facts, concurrency: AT_ONCE });
  await host.start();
  const jobs = Array.from({ length: JOBS }, (_, nth) => work({ nth }));
  const one = async (ends: number, queue: () => Promise<unknown>) => {
    left = ends;
    const ended = new Promise<void>(resolve => (done = resolve));
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    await queue();
    await ended;
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - startedAt, cpu: user + system };
  };
  const alone = () => one(JOBS, () => client.enqueueMany(jobs));
  const batched = () => one(JOBS + 1, () => client.batch({ name: 'all', jobs, onComplete: after({}) }));
  await alone();
  await batched();
  const pairs: { readonly alone: { ms: number; cpu: number }; readonly batched: { ms: number; cpu: number } }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const pair =
      round % 2 === 0
        ? { alone: await alone(), batched: await batched() }
        : { batched: await batched(), alone: await alone() };
    pairs.push(pair);
    console.log(`${kind} round ${round + 1}  ${Math.round(pair.alone.ms)} ms  ${Math.round(pair.batched.ms)} ms`);
  }
  await client.close();
  await host.stop(5_000);
  const ratio = median(pairs.map(pair => pair.batched.ms / pair.alone.ms)).toFixed(2);
  const cpu = median(pairs.map(pair => pair.batched.cpu / pair.alone.cpu)).toFixed(2);
  const ms = (which: 'alone' | 'batched'): number => Math.round(median(pairs.map(pair => pair[which].ms)));
  return `| ${kind} | ${ms('alone')} | ${ms('batched')} | ${ratio} | ${cpu} |`;
}
