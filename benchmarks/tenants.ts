import { z } from 'zod';
import { defineApp, defineJob, handle, type JobRequest } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Facts } from '../src/facts/index.ts';
import { clientOn } from '../src/queue/index.ts';
import { createWorkerHost } from '../src/runtime/index.ts';
import { postgresServer, redisServer, type Server } from './servers.ts';

/**
 * What does one tenant with a great many jobs cost the others? `npm run bench:tenants [-- --large | COUNT [AT_ONCE]]`, on both engines: COUNT jobs of one tenant wait (100,000;
 * `--large`: a million), then 1,000 tenants come with 10 each. How long these wait, in plain order and with a limit for each tenant, and how many jobs run a
 * second in all.
 */
const [asked = '100000', atOnce = '4'] = process.argv.slice(2);
const LARGE = asked === '--large' ? 1_000_000 : Number(asked);
const TENANTS = 1_000;
const EACH = 10;
const AT_ONCE = 50;
/** Of one tenant at once. Its jobs do nothing, so that a wide limit is never reached; what is never held comes in plain order. */
const OF_ONE = Number(atOnce);

const schema = z.object({ tenant: z.string() });
const plain = defineJob({ queue: 'plain', name: 'plain', schema });
const limited = defineJob({
  queue: 'limited',
  name: 'limited',
  schema,
  limits: [{ name: 'tenant', by: ({ tenant }) => tenant, concurrency: OF_ONE }],
});

async function trial(
  server: Server,
  contract: typeof plain | typeof limited,
): Promise<Readonly<Record<string, string>>> {
  const namespace = `b${Math.random().toString(36).slice(2, 10)}`;
  const endedAt: number[] = [];
  let done = 0;
  const all = Promise.withResolvers<void>();
  const app = defineApp({
    jobs: [contract],
    handlers: [
      handle(contract, ({ tenant }) => {
        done += 1;
        if (done === LARGE + TENANTS * EACH) all.resolve();
        if (tenant !== 'large') endedAt.push(performance.now());
      }),
    ],
    queues: { [contract.queue]: { concurrency: AT_ONCE } },
  });
  const engine = openEngine({ url: server.url, role: 'worker', namespace });
  await engine.migrate();
  const client = clientOn(engine, new Facts());
  const add = async (count: number, make: (each: number) => JobRequest): Promise<void> => {
    for (let from = 0; from < count; from += 5_000) {
      await client.enqueueMany(Array.from({ length: Math.min(5_000, count - from) }, (_, each) => make(from + each)));
    }
  };
  await add(LARGE, () => contract({ tenant: 'large' }));
  await add(TENANTS * EACH, each => contract({ tenant: `t${each % TENANTS}` }));
  const host = createWorkerHost({ app, engine, facts: new Facts(), concurrency: AT_ONCE });
  const [cpu, beganAt] = [process.cpuUsage(), performance.now()];
  await host.start();
  await all.promise;
  const seconds = (performance.now() - beganAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await host.stop(1_000);
  await engine.close();
  const waits = endedAt.map(at => (at - beganAt) / 1_000).toSorted((a, b) => a - b);
  const at = (part: number): string => (waits[Math.floor(part * (waits.length - 1))] ?? 0).toFixed(2);
  return {
    engine: server.kind,
    order: contract === plain ? 'plain' : 'a limit for each tenant',
    'small ones wait, s: p10': at(0.1),
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    'jobs a second': ((LARGE + TENANTS * EACH) / seconds).toFixed(0),
    'Node CPU a job, us': ((user + system) / (LARGE + TENANTS * EACH)).toFixed(1),
  };
}

console.log(`${LARGE} jobs of one tenant in front of ${EACH} of each of ${TENANTS}`);
for (const open of [redisServer, postgresServer]) {
  const server = await open();
  try {
    console.table([await trial(server, plain), await trial(server, limited)]);
  } finally {
    await server.stop();
  }
}
