import { z } from 'zod';
import { defineApp, defineJob } from '../src/contracts/index.ts';
import { openEngine, type Engine } from '../src/engine/index.ts';
import { Facts } from '../src/facts/index.ts';
import { clientOn } from '../src/queue/index.ts';
import { RunTimeScheduler } from '../src/runtime/index.ts';
import { openSchedules } from '../src/schedules/index.ts';
import { openState } from '../src/state/index.ts';
import { postgresServer, redisServer, type Server } from './servers.ts';

/**
 * What do schedules cost that are made at run time? `npm run bench:schedules [-- COUNT]`, on both engines: how long it takes to make so many, what each takes
 * of the engine's memory, what a look costs while none is due, and how late the last job is enqueued when all are due at once.
 */
const COUNT = Number(process.argv[2] ?? 100_000);
const HOUR = 3_600_000;
const LOOKS = 200;

const digest = defineJob({ queue: 'digests', name: 'digest', schema: z.object({ user: z.string() }) });
const app = defineApp({ jobs: [digest], handlers: [] });

async function trial(server: Server): Promise<Readonly<Record<string, string>>> {
  const namespace = `b${Math.random().toString(36).slice(2, 10)}`;
  const engine = openEngine({ url: server.url, role: 'worker', namespace });
  await engine.migrate();
  await engine.clock.known();
  const facts = new Facts();
  const client = clientOn(engine, facts, undefined, undefined, app);
  const begun = engine.clock.now();
  let now = begun;
  const scheduler = new RunTimeScheduler({
    app,
    client,
    facts,
    store: await openState(engine),
    schedules: openSchedules(engine),
    name: 'bench',
    now: () => now,
  });
  const before = await bytesOf(server, engine);
  const makeMs = await took(async () => {
    for (let from = 0; from < COUNT; from += 5_000) {
      await client.schedules.upsertMany(
        Array.from({ length: Math.min(5_000, COUNT - from) }, (_, each) => ({
          name: `digest:user-${from + each}`,
          job: digest({ user: `user-${from + each}` }),
          // A minute of each: crons are read, and all are due once an hour.
          cron: `${(from + each) % 60} * * * *`,
          timeZone: 'Europe/Berlin',
        })),
      );
    }
  });
  const bytes = ((await bytesOf(server, engine)) - before) / COUNT;
  now = Math.floor(begun / HOUR) * HOUR - HOUR;
  const look = await cost(server, LOOKS, () => scheduler.tick());
  // Every one of them has been due within this hour.
  now = Math.ceil(begun / HOUR) * HOUR + HOUR - 1;
  const [nodeBefore, serverBefore] = [process.cpuUsage(), await server.cpuUs()];
  const lagMs = await took(async () => {
    do await scheduler.tick();
    while ((await openSchedules(engine).figures(now)).due > 0);
  });
  const node = process.cpuUsage(nodeBefore);
  const serverUs = (await server.cpuUs()) - serverBefore;
  const { waiting = 0, prioritized = 0 } = await (await engine.queue('digests')).getJobCounts('waiting', 'prioritized');
  if (waiting + prioritized !== COUNT) throw new Error(`Expected ${COUNT} jobs, found ${waiting + prioritized}.`);
  await scheduler.stop();
  await client.close();
  return {
    engine: `${server.kind} ${server.version}`,
    'made a second': (COUNT / (makeMs / 1_000)).toFixed(0),
    'bytes each': bytes.toFixed(0),
    'look, none due, ms': look.ms.toFixed(2),
    'its server CPU, us': look.serverUs.toFixed(0),
    'lag of the last when all are due, s': (lagMs / 1_000).toFixed(1),
    'jobs a second': (COUNT / (lagMs / 1_000)).toFixed(0),
    'Node CPU a job, us': ((node.user + node.system) / COUNT).toFixed(0),
    'server CPU a job, us': (serverUs / COUNT).toFixed(0),
  };
}

/** Of PostgreSQL the table with its indexes. */
async function bytesOf(server: Server, engine: Engine): Promise<number> {
  const backing = await engine.backing();
  if (backing.kind !== 'postgres') return server.bytes();
  const { rows } = await backing.pool.query<{ n: string }>("SELECT pg_total_relation_size('shiftwork_schedule') AS n");
  return Number(rows[0]?.n);
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function cost(
  server: Server,
  times: number,
  work: () => Promise<unknown>,
): Promise<{ readonly ms: number; readonly serverUs: number }> {
  const cpu = await server.cpuUs();
  const ms = await took(async () => {
    for (let time = 0; time < times; time += 1) await work();
  });
  return { ms: ms / times, serverUs: ((await server.cpuUs()) - cpu) / times };
}

console.log(`${COUNT} schedules made at run time`);
for (const open of [redisServer, postgresServer]) {
  const server = await open();
  try {
    console.table([await trial(server)]);
  } finally {
    await server.stop();
  }
}
