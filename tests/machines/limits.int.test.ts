import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { connect } from '../../src/queue/index.ts';
import { slotOf } from '../../src/redis/index.ts';
import { fixed } from '../../src/resilience/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { namespace } from '../support/engines.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

const QUEUES = ['one', 'two', 'three'] as const;
const TENANTS = 3;
const EACH = 12;
const AT_ONCE = 2;
const A_SECOND = 20;
/** These and those behind them do not end before the master is killed, however fast the others do. */
const HELD_FROM = EACH / 2;
/** What is read of a start is in whole milliseconds. */
const ROUNDED_MS = 1;

let cluster: TestCluster;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
afterAll(() => cluster.stop());

function spaceOverAll(): string {
  for (;;) {
    const space = namespace();
    const masters = QUEUES.map(queue => cluster.ownerOf(slotOf(`{${space}:${queue}}`)));
    if (new Set(masters).size === QUEUES.length) return space;
  }
}

const schema = z.object({ tenant: z.string(), n: z.number() });
const contracts = QUEUES.map(queue => ({
  queue,
  /** Groups take turns, two of each at once, and twenty of all begin in a second. */
  shared: defineJob({
    queue,
    name: `shared-${queue}`,
    schema,
    limits: [
      { name: 'tenant', by: ({ tenant }) => tenant, fair: true, concurrency: AT_ONCE },
      { name: 'all', rate: { max: A_SECOND, per: '1s' } },
    ],
  }),
  /** One after the other, over a failed attempt too. */
  strict: defineJob({
    queue,
    name: `strict-${queue}`,
    schema,
    retry: { attempts: 3, backoff: fixed('20ms') },
    limits: [{ name: 'account', by: ({ tenant }) => tenant, concurrency: 1 }],
  }),
}));

test('one of three masters is killed and comes back while limits hold: no group has more at once, no second more starts, each account keeps its order', async () => {
  const space = spaceOverAll();
  const running = new Map<string, number>();
  const tooMany: string[] = [];
  const begun: { readonly account: string; readonly n: number }[] = [];
  const ended = new Set<string>();
  const killed = Promise.withResolvers<void>();
  cleanups.push(() => killed.resolve());
  const handlers = contracts.flatMap(({ queue, shared, strict }) => [
    handle(shared, async ({ tenant, n }) => {
      const group = `${queue} ${tenant}`;
      const now = (running.get(group) ?? 0) + 1;
      running.set(group, now);
      if (now > AT_ONCE) tooMany.push(`${now} of ${group}`);
      await (n < HELD_FROM ? pause(10) : killed.promise);
      running.set(group, (running.get(group) ?? 0) - 1);
      ended.add(`${group} ${n}`);
    }),
    handle(strict, async ({ tenant, n }, run) => {
      const account = `${queue} account ${tenant}`;
      begun.push({ account, n });
      await (n < HELD_FROM ? pause(10) : killed.promise);
      if (n % 4 === 1 && run.attempt === 1) throw new Error('the first attempt fails');
      ended.add(`${account} ${n}`);
    }),
  ]);
  const app = defineApp({ jobs: contracts.flatMap(({ shared, strict }) => [shared, strict]), handlers });
  const facts = new Facts();
  for (const _ of ['a', 'b']) {
    const engine = openEngine({ url: cluster.url, role: 'worker', namespace: space });
    cleanups.push(() => engine.close());
    const host = createWorkerHost({ app, engine, facts, concurrency: 10 });
    cleanups.push(() => host.stop(3_000));
    await host.start();
  }
  const client = connect({ redis: cluster.url, namespace: space });
  cleanups.push(() => client.close());

  const data = Array.from({ length: TENANTS * EACH }, (_, nth) => ({
    tenant: `t${nth % TENANTS}`,
    n: Math.floor(nth / TENANTS),
  }));
  const all = contracts.flatMap(({ queue, shared, strict }) =>
    data.flatMap(each => [
      { name: `${queue} ${each.tenant} ${each.n}`, job: shared(each) },
      { name: `${queue} account ${each.tenant} ${each.n}`, job: strict(each) },
    ]),
  );
  const receipts = await client.enqueueMany(all.map(({ job }) => job));
  const endedOf = (queue: string): number => [...ended].filter(name => name.startsWith(queue)).length;
  await waitFor('some of its queue to end', () => endedOf('one') >= 10);
  const master = cluster.ownerOf(slotOf(`{${space}:one}`));
  await master.server.kill();
  const [two, three] = [endedOf('two'), endedOf('three')];
  killed.resolve();
  await waitFor('the other queues to go on', () => endedOf('two') > two && endedOf('three') > three);
  expect(endedOf('one')).toBeLessThan(data.length * 2);
  await master.server.restart();

  await waitFor('all to end', () => all.every(({ name }) => ended.has(name)));
  expect(tooMany).toEqual([]);
  for (const { queue } of contracts) {
    for (let nth = 0; nth < TENANTS; nth += 1) {
      const account = `${queue} account t${nth}`;
      const order = begun.flatMap(each => (each.account === account ? [each.n] : []));
      // One that began again stands behind itself.
      const once = order.filter((n, at) => n !== order[at - 1]);
      expect([account, ...once]).toEqual([account, ...Array.from({ length: EACH }, (_, n) => n)]);
    }
    const shared = receipts.filter(
      (receipt, nth) => receipt.queue === queue && all[nth]?.name.includes('account') === false,
    );
    const starts: number[] = [];
    for (const { id } of shared) {
      const view = await waitFor(`the end of ${id}`, async () => {
        const found = await client.job(id);
        return found?.state === 'succeeded' && found;
      });
      starts.push(view.startedAt ?? 0);
    }
    const sorted = starts.toSorted((a, b) => a - b);
    const tooFast = sorted.filter((at, nth) => at - (sorted[nth - A_SECOND] ?? -Infinity) < 1_000 - ROUNDED_MS);
    expect([queue, ...tooFast]).toEqual([queue]);
  }
});
