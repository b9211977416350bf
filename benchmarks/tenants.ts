import { parseArgs } from 'node:util';
import { z } from 'zod';
import { defineApp, defineJob, handle, type LimitDefinition } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Facts } from '../src/facts/index.ts';
import { clientOn } from '../src/queue/index.ts';
import { createWorkerHost } from '../src/runtime/index.ts';
import { postgresServer, redisServer, type Server } from './servers.ts';

/**
 * What do groups cost, and what are they worth? `npm run bench:tenants [-- COUNT [REPEATS [redis|postgres]]]` (20,000 jobs, twice, both engines):
 *
 * 1. COUNT jobs of one tenant wait, then 1,000 tenants come with 10 each. How long these wait: in plain order, where groups take turns, and with a
 *    concurrency for each tenant beside.
 * 2. COUNT jobs of 1,000 tenants, one after the other. Jobs a second beside the same contract without groups, CPU of each side, commands of Redis, and
 *    what a job that waits takes of the server's memory.
 *
 * 50 slots, jobs that do nothing. Ratios are of one round, in which each form has its turn. `--tenants N`, `--each N`: others than these small ones;
 * `--fair`: only the forms without groups and with turns; `--most N`: a trial ends after so many jobs (of a small one that has not begun by then
 * the table says that it waits longer), for a COUNT of a million; `--part 1` or `2`: only that.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    tenants: { type: 'string', default: '1000' },
    each: { type: 'string', default: '10' },
    most: { type: 'string', default: 'Infinity' },
    part: { type: 'string' },
    fair: { type: 'boolean', default: false },
  },
});
const [asked = '20000', repeats = '2', only] = positionals;
const COUNT = Number(asked);
const TENANTS = Number(values.tenants);
const EACH = Number(values.each);
const MOST = Number(values.most);
const AT_ONCE = 50;

const schema = z.object({ tenant: z.string() });
type Data = z.infer<typeof schema>;
const by = ({ tenant }: Data): string => tenant;
const contractWith = (name: string, limit?: Omit<LimitDefinition<Data>, 'name' | 'by'>) =>
  defineJob({ queue: name, name, schema, ...(limit && { limits: [{ name: 'tenant', by, ...limit }] }) });
type Contract = ReturnType<typeof contractWith>;

const FORMS: readonly (readonly [string, Contract])[] = [
  ['without groups', contractWith('plain')],
  ['take turns', contractWith('fair', { fair: true })],
  ['take turns, 40 at once each', contractWith('fair-40', { fair: true, concurrency: 40 })],
  ['40 at once each', contractWith('limit-40', { concurrency: 40 })],
];
const ASKED = FORMS.slice(0, values.fair ? 2 : FORMS.length);

interface Found {
  /** Of the small ones, seconds; those that had not begun when the trial ended wait for longer than it took. */
  readonly waits: readonly number[];
  readonly seconds: number;
  readonly small: number;
  readonly perSecond: number;
  readonly nodeUs: number;
  readonly serverUs: number;
  readonly commands: number;
  readonly bytesEach: number;
}

async function trial(server: Server, contract: Contract, tenants: readonly string[]): Promise<Found> {
  const endedAt: number[] = [];
  const toRun = Math.min(MOST, tenants.length);
  let done = 0;
  const all = Promise.withResolvers<void>();
  const work = handle(contract, ({ tenant }) => {
    done += 1;
    if (done === toRun) all.resolve();
    if (tenant !== 'large') endedAt.push(performance.now());
  });
  const queues = { [contract.queue]: { concurrency: AT_ONCE } };
  const app = defineApp({ jobs: [contract], handlers: [work], queues });
  const engine = openEngine({ url: server.url, role: 'worker' });
  await using closing = new AsyncDisposableStack();
  closing.defer(() => engine.close());
  await engine.migrate();
  const client = clientOn(engine, new Facts());
  const before = await server.bytes();
  for (let from = 0; from < tenants.length; from += 5_000) {
    await client.enqueueMany(tenants.slice(from, from + 5_000).map(tenant => contract({ tenant })));
  }
  const bytesEach = ((await server.bytes()) - before) / tenants.length;
  await server.settle();
  const host = createWorkerHost({ app, engine, facts: new Facts(), concurrency: AT_ONCE });
  const [commands, serverCpu] = [await server.commands(), await server.cpuUs()];
  const [cpu, beganAt] = [process.cpuUsage(), performance.now()];
  await host.start();
  await all.promise;
  const seconds = (performance.now() - beganAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const serverUs = ((await server.cpuUs()) - serverCpu) / toRun;
  const commandsEach = ((await server.commands()) - commands) / toRun;
  await host.stop(1_000);
  return {
    waits: endedAt.map(at => (at - beganAt) / 1_000).toSorted((a, b) => a - b),
    seconds,
    small: tenants.filter(tenant => tenant !== 'large').length,
    perSecond: toRun / seconds,
    nodeUs: (user + system) / toRun,
    commands: commandsEach,
    serverUs,
    bytesEach,
  };
}

function rowOf(form: string, found: Found, plain: Found): Readonly<Record<string, string>> {
  const at = (part: number): string =>
    found.waits[Math.floor(part * (found.small - 1))]?.toFixed(2) ?? `> ${found.seconds.toFixed(0)}`;
  return {
    groups: form,
    'wait of the small ones, s: p10': at(0.1),
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    'jobs/s': found.perSecond.toFixed(0),
    'of that without': (found.perSecond / plain.perSecond).toFixed(2),
    'Node us': found.nodeUs.toFixed(0),
    'server us': found.serverUs.toFixed(0),
    commands: Number.isNaN(found.commands) ? '' : found.commands.toFixed(1),
    'bytes a waiting job': found.bytesEach.toFixed(0),
  };
}

const one = [
  ...Array.from({ length: COUNT }, () => 'large'),
  ...Array.from({ length: TENANTS * EACH }, (_, nth) => `t${nth % TENANTS}`),
];
const many = Array.from({ length: COUNT }, (_, nth) => `t${nth % TENANTS}`);
for (const open of [redisServer, postgresServer]) {
  if (only !== undefined && !open.name.startsWith(only)) continue;
  const server = await open();
  try {
    for (let round = 1; round <= Number(repeats); round += 1) {
      for (const [title, tenants, part] of [
        [`${COUNT} jobs of one tenant in front of ${EACH} of each of ${TENANTS}`, one, '1'],
        [`${COUNT} jobs of ${TENANTS} tenants, one after the other`, many, '2'],
      ] as const) {
        if (part !== (values.part ?? part)) continue;
        const found: (readonly [string, Found])[] = [];
        for (const [form, contract] of ASKED) found.push([form, await trial(server, contract, tenants)]);
        const [[, plain] = []] = found;
        console.log(`${server.kind}, round ${round}: ${title}`);
        if (plain !== undefined) console.table(found.map(([form, each]) => rowOf(form, each, plain)));
      }
    }
  } finally {
    await server.stop();
  }
}
