import { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { migrateOutbox, Outbox } from '../../src/outbox/index.ts';
import { connect } from '../../src/queue/index.ts';
import { slotOf } from '../../src/redis/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { QUEUES, works } from '../support/apps/three-queues.config.ts';
import { startProcess } from '../support/child-process.ts';
import { freshDatabase, namespace } from '../support/engines.ts';
import { program } from '../support/programs.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

const CLI = program('src/cli/main.ts');
const APP = program('tests/support/apps/three-queues.config.ts');

/** Work that goes over several queues, each on a master of its own. */
let cluster: TestCluster;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  for (const { redis } of cluster.masters) {
    if ((await redis.info('errorstats')).includes('CROSSSLOT')) throw new Error('A command had keys in two slots.');
  }
});
afterAll(() => cluster.stop());

function spaceOverAll(): string {
  for (;;) {
    const space = namespace();
    const masters = QUEUES.map(queue => cluster.ownerOf(slotOf(`{${space}:${queue}}`)));
    if (new Set(masters).size === QUEUES.length) return space;
  }
}

test('a batch has members on three masters: it ends, calls back once, and no more of a group run at once than may on each of them', async () => {
  const space = spaceOverAll();
  const schema = z.object({ n: z.number() });
  const running = new Map<string, number>();
  let most = 0;
  const told: string[] = [];
  const members = QUEUES.map(queue =>
    defineJob({
      queue,
      name: `member-${queue}`,
      schema,
      retry: { attempts: 1 },
      limits: [{ name: 'tenant', by: ({ n }) => `t${n % 2}`, concurrency: 1 }],
    }),
  );
  const tell = defineJob({ queue: 'two', name: 'tell', schema: z.object({ what: z.string() }) });
  const app = defineApp({
    jobs: [...members, tell],
    handlers: [
      ...members.map(member =>
        handle(member, async ({ n }) => {
          const group = `${member.queue} ${n % 2}`;
          running.set(group, (running.get(group) ?? 0) + 1);
          most = Math.max(most, running.get(group) ?? 0);
          await new Promise(setImmediate);
          running.set(group, (running.get(group) ?? 0) - 1);
          if (n === 7) throw new Error('cannot be done');
        }),
      ),
      handle(tell, ({ what }) => void told.push(what)),
    ],
  });
  const engine = openEngine({ url: cluster.url, role: 'worker', namespace: space });
  await engine.migrate();
  const host = createWorkerHost({ app, engine, facts: new Facts(), concurrency: 5 });
  cleanups.push(() => host.stop(2_000));
  await host.start();
  const client = connect({ redis: cluster.url, namespace: space });
  cleanups.push(() => client.close());
  const jobs = members.flatMap(member => Array.from({ length: 10 }, (_, n) => member({ n })));
  const { id } = await client.batch({
    name: 'over all',
    jobs,
    onComplete: tell({ what: 'complete' }),
    onDeath: tell({ what: 'death' }),
  });
  const view = await waitFor('its end', async () => {
    const found = await client.batchView(id);
    return found?.state === 'ended' && found;
  });
  expect(view.ended).toMatchObject({ succeeded: 27, dead: 3 });
  await waitFor('what follows', () => told.length === 2);
  expect(told.toSorted()).toEqual(['complete', 'death']);
  expect(most).toBe(1);
});

test('a relay process brings what a transaction has written to queues on three masters, each job once', async () => {
  const space = spaceOverAll();
  const database = await freshDatabase('migrated_stores');
  cleanups.push(() => database.drop());
  const pool = new Pool({ connectionString: database.url, max: 2 });
  cleanups.push(() => pool.end());
  await migrateOutbox(pool, space);
  const engine = openEngine({ url: cluster.url, role: 'producer', namespace: space });
  cleanups.push(() => engine.close());
  await engine.migrate();
  const outbox = new Outbox({ namespace: space });
  const tx = await pool.connect();
  await tx.query('begin');
  const ids: string[] = [];
  for (const work of works) for (const n of [1, 2, 3]) ids.push((await outbox.enqueue(tx, work, { n })).id);
  await tx.query('commit');
  tx.release();
  const env = { REDIS_URL: cluster.url, DATABASE_URL: database.url, SHIFTWORK_NAMESPACE: space };
  const relay = startProcess(CLI, { args: ['relay', '--app', APP], env });
  cleanups.push(async () => {
    relay.kill('SIGKILL');
    await relay.ended;
  });
  const client = connect({ redis: cluster.url, namespace: space });
  cleanups.push(() => client.close());
  for (const id of ids) await waitFor(`job ${id}`, async () => (await client.job(id))?.state === 'waiting');
  for (const queue of QUEUES) {
    const { waiting = 0, prioritized = 0 } = await (await engine.queue(queue)).getJobCounts('waiting', 'prioritized');
    expect(waiting + prioritized).toBe(3);
  }
  relay.kill('SIGTERM');
  expect(await relay.ended).toBe(0);
});
