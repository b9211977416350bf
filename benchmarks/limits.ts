import { z } from 'zod';
import { defineApp, defineJob, handle, type QueueDefinition } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Facts } from '../src/facts/index.ts';
import { clientOn } from '../src/queue/index.ts';
import { createWorkerHost } from '../src/runtime/index.ts';
import { median } from './measure.ts';
import { postgresServer, redisServer, type Server } from './servers.ts';

/**
 * What do limits keep, and what do they cost others? `npm run bench:limits [-- ROUNDS]`, on both engines, each figure a ratio within one run:
 * whether a rate is reached and never exceeded, by two hosts together; and what jobs cost that come behind 10,000 held ones.
 */
const ROUNDS = Number(process.argv[2] ?? 3);
const SECOND = 1_000;
const RATE = 200;
const HOSTS = ['a.example', 'b.example', 'c.example', 'd.example'];
const IN_FRONT = 10_000;
const BEHIND = 1_000;

const call = defineJob({
  queue: 'calls',
  name: 'call',
  schema: z.object({ host: z.string(), at: z.number() }),
  destination: ({ host }) => host,
});

interface Started {
  readonly host: string;
  readonly at: number;
  readonly waitedMs: number;
}

/** Two hosts at work on an installation of its own. */
async function trial(server: Server, queue: QueueDefinition) {
  const namespace = `b${Math.random().toString(36).slice(2, 10)}`;
  const started: Started[] = [];
  const app = defineApp({
    jobs: [call],
    handlers: [
      handle(call, ({ host, at }) => {
        const now = performance.now();
        started.push({ host, at: now, waitedMs: now - at });
      }),
    ],
    queues: { calls: { concurrency: 50, ...queue } },
  });
  const facts = new Facts();
  const engines = [0, 1].map(() => openEngine({ url: server.url, role: 'worker', namespace }));
  const [first] = engines;
  if (first === undefined) throw new Error('An engine is missing.');
  await first.migrate();
  const client = clientOn(first, facts);
  const hosts = engines.map(engine => createWorkerHost({ app, engine, facts, concurrency: 50 }));
  return {
    client,
    started,
    engine: first,
    start: () => Promise.all(hosts.map(host => host.start())),
    async until(count: number): Promise<void> {
      while (started.length < count) await new Promise(resolve => setTimeout(resolve, 10));
    },
    async stop(): Promise<void> {
      await Promise.all(hosts.map(host => host.stop(1_000)));
      await Promise.all(engines.map(engine => engine.close()));
    },
  };
}

/** The most that began within any second, and how many did a second from the first to the last, both as a part of what may. */
function paceOf(started: readonly Started[], rate: number): { readonly most: number; readonly reached: number } {
  const times = started.map(({ at }) => at).toSorted((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (const [index, at] of times.entries()) {
    while ((times[from] ?? at) <= at - SECOND) from += 1;
    most = Math.max(most, index - from + 1);
  }
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / SECOND;
  return { most: most / rate, reached: (times.length - 1) / seconds / rate };
}

async function rates(server: Server, queue: QueueDefinition, rate: number): Promise<ReturnType<typeof paceOf>> {
  const it = await trial(server, queue);
  const count = rate * 3;
  const requests = Array.from({ length: count }, (_, n) => call({ host: HOSTS[n % HOSTS.length] ?? '', at: 0 }));
  await it.client.enqueueMany(requests);
  await it.start();
  await it.until(count);
  await it.stop();
  return paceOf(it.started, rate);
}

/** Jobs a second of those that come behind so many held ones, and how long one that is alone waits for its start. */
async function behind(
  server: Server,
  held: number,
): Promise<{ readonly perSecond: number; readonly waitedMs: number }> {
  const it = await trial(server, { destinations: { concurrency: 50 } });
  const turns = await it.engine.turns('calls');
  await it.client.pause({ queue: 'calls', group: 'destination=paused.example' });
  const front = Array.from({ length: held }, () => call({ host: 'paused.example', at: 0 }));
  for (let from = 0; from < held; from += 1_000) await it.client.enqueueMany(front.slice(from, from + 1_000));
  await it.start();
  while ((await turns.held()) < held) await new Promise(resolve => setTimeout(resolve, 20));
  const begun = performance.now();
  const others = Array.from({ length: BEHIND }, (_, n) => call({ host: HOSTS[n % HOSTS.length] ?? '', at: 0 }));
  await it.client.enqueueMany(others);
  await it.until(BEHIND);
  const perSecond = (BEHIND * SECOND) / (performance.now() - begun);
  for (let n = 0; n < 200; n += 1) {
    await it.client.enqueue(call, { host: 'a.example', at: performance.now() });
    await it.until(BEHIND + n + 1);
  }
  await it.stop();
  return { perSecond, waitedMs: median(it.started.slice(BEHIND).map(({ waitedMs }) => waitedMs)) };
}

for (const open of [redisServer, postgresServer]) {
  const server = await open();
  const of = (name: string, values: readonly number[]): void => {
    const all = values.map(value => value.toFixed(2)).join(', ');
    console.log(`${server.kind.padEnd(11)} ${name.padEnd(66)} ${median(values).toFixed(2)}  (${all})`);
  };
  const queueRate: ReturnType<typeof paceOf>[] = [];
  const hostRates: ReturnType<typeof paceOf>[] = [];
  const speeds: number[] = [];
  const waits: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    queueRate.push(await rates(server, { rate: { max: RATE, per: '1s' }, destinations: { concurrency: 50 } }, RATE));
    const each: QueueDefinition = { destinations: { rate: { max: RATE / HOSTS.length, per: '1s' } } };
    hostRates.push(await rates(server, each, RATE));
    const without = await behind(server, 0);
    const withHeld = await behind(server, IN_FRONT);
    speeds.push(withHeld.perSecond / without.perSecond);
    waits.push(withHeld.waitedMs / without.waitedMs);
  }
  of(
    `a queue's rate: most starts in any second / allowed`,
    queueRate.map(({ most }) => most),
  );
  of(
    `a queue's rate, with destinations: reached / allowed`,
    queueRate.map(({ reached }) => reached),
  );
  of(
    'rates of 4 destinations: reached together / allowed together',
    hostRates.map(({ reached }) => reached),
  );
  of('10,000 held in front: jobs/s of others / without them', speeds);
  of('10,000 held in front: wait of one alone / without them', waits);
  await server.stop();
}
