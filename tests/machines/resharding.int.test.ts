import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { connect } from '../../src/queue/index.ts';
import { slotOf } from '../../src/redis/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { runScript } from '../../src/state/index.ts';
import { namespace } from '../support/engines.ts';
import { startCluster, type ClusterNode, type TestCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ masters: 2 });
});
afterAll(() => cluster.stop());

/** A slot on its way to the other master, as `redis-cli --cluster reshard` moves it. */
class Move {
  readonly from: ClusterNode;
  readonly to: ClusterNode;
  readonly #slot: number;

  constructor(slot: number) {
    this.#slot = slot;
    this.from = cluster.ownerOf(slot);
    const to = cluster.masters.find(master => master !== this.from);
    if (to === undefined) throw new Error('Expected two masters.');
    this.to = to;
  }

  async begin(): Promise<void> {
    await this.to.redis.call('CLUSTER', 'SETSLOT', this.#slot, 'IMPORTING', this.from.id);
    await this.from.redis.call('CLUSTER', 'SETSLOT', this.#slot, 'MIGRATING', this.to.id);
  }

  async keys(): Promise<readonly string[]> {
    const keys: unknown = await this.from.redis.call('CLUSTER', 'GETKEYSINSLOT', this.#slot, 1_000);
    return Array.isArray(keys) ? keys.map(String) : [];
  }

  async take(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.from.redis.call('MIGRATE', '127.0.0.1', this.to.server.port, '', 0, 30_000, 'KEYS', ...keys);
  }

  /** The rest of the keys, and then the slot itself. */
  async end(): Promise<void> {
    for (let keys = await this.keys(); keys.length > 0; keys = await this.keys()) await this.take(keys);
    for (const { redis } of [this.to, this.from])
      await redis.call('CLUSTER', 'SETSLOT', this.#slot, 'NODE', this.to.id);
  }

  /** How often the old master has sent a client away for as long as the slot moves. */
  async refusals(): Promise<number> {
    const stats = await this.from.redis.info('errorstats');
    return Number(/errorstat_TRYAGAIN:count=(\d+)/.exec(stats)?.[1] ?? 0);
  }
}

test('a script begins only where all its keys are: on a slot that moves it waits, and has done nothing', async () => {
  const engine = openEngine({ url: cluster.url, role: 'worker', namespace: namespace() });
  const backing = await engine.backing();
  if (backing.kind !== 'redis') throw new Error('Expected Redis.');
  const { commands, keys } = backing;
  try {
    const base = keys.own('~moving');
    const [declared, other] = [`${base}:declared`, `${base}:other`];
    await commands.set(declared, 'before');
    await commands.set(other, 'before');
    const move = new Move(slotOf(base));
    await move.begin();
    await move.take([other]);
    const refusals = await move.refusals();
    // As BullMQ's scripts and ours do it: the key of a job is known inside alone.
    const script = `redis.call('SET', KEYS[1], 'done') redis.call('SET', ARGV[1], 'done') return 'done'`;
    const running = runScript(commands, script, [declared], [other]);
    running.catch(() => undefined);
    await waitFor('the old master to refuse it', async () => (await move.refusals()) > refusals);
    expect(await move.from.redis.get(declared)).toBe('before');
    await move.end();
    await expect(running).resolves.toBe('done');
    expect([await commands.get(declared), await commands.get(other)]).toEqual(['done', 'done']);
  } finally {
    await engine.close();
  }
});

test('a slot moves while its jobs wait and run: each acknowledged job is run, one that runs ends once', async () => {
  const space = namespace();
  const count = defineJob({ queue: 'moving', name: 'count', schema: z.object({ n: z.number() }) });
  const begun = new Map<number, number>();
  const started = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const app = defineApp({
    jobs: [count],
    queues: { moving: { concurrency: 2 } },
    handlers: [
      handle(count, async ({ n }) => {
        begun.set(n, (begun.get(n) ?? 0) + 1);
        if (n !== 0) return;
        started.resolve();
        await held.promise;
      }),
    ],
  });
  const facts = new Facts();
  const engine = openEngine({ url: cluster.url, role: 'worker', namespace: space });
  const host = createWorkerHost({ app, engine, facts });
  const client = connect({ redis: cluster.url, namespace: space, facts });
  try {
    const first = await client.enqueue(count, { n: 0 });
    const later = await client.enqueue(count, { n: -1 }, { delay: '10m' });
    await host.start();
    await started.promise;
    const receipts = await client.enqueueMany(Array.from({ length: 100 }, (_, n) => count({ n: n + 1 })));
    await waitFor('some to have run', () => begun.size > 20);

    const move = new Move(slotOf(`{${space}:moving}`));
    await move.begin();
    const keys = await move.keys();
    await move.take(keys.slice(0, Math.floor(keys.length / 2)));
    const refusals = await move.refusals();
    // It ends in the middle, and others come.
    held.resolve();
    const added = [client.enqueue(count, { n: 1_001 }), client.enqueue(count, { n: 1_002 })];
    await waitFor('the old master to refuse them', async () => (await move.refusals()) > refusals);
    await move.end();

    const ids = [first, ...receipts].map(({ id }) => id);
    for (const answer of await Promise.allSettled(added)) if (answer.status === 'fulfilled') ids.push(answer.value.id);
    ids.push((await client.enqueue(count, { n: 1_003 })).id);
    for (const id of ids) await waitFor('its end', async () => (await client.job(id))?.state === 'succeeded');
    expect([...begun.values()].filter(times => times > 1)).toEqual([]);
    expect((await client.job(later.id))?.state).toBe('delayed');
  } finally {
    await client.close();
    await host.stop(3_000);
    await engine.close();
  }
});
