import { FlowProducer } from 'bullmq';
import { Cluster } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../../tests/support/engines.ts';
import { runApp } from '../../../../tests/support/running-app.ts';
import { stockWorker } from '../../../../tests/support/stock-worker.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { dead, defineApp, defineJob, flow, handle } from '../../../contracts/index.ts';
import { openEngine, type Engine } from '../../../engine/index.ts';
import { Facts } from '../../../facts/index.ts';
import { clientOn } from '../../../queue/index.ts';
import { postgresBackend } from '../../../engine/bullmq/postgres/backend.ts';

const pick = defineJob({
  queue: 'stock',
  name: 'pick',
  schema: z.strictObject({ item: z.string() }),
  result: z.strictObject({ shelf: z.number() }),
  retry: { attempts: 1 },
});
const pack = defineJob({ queue: 'post', name: 'pack', schema: z.strictObject({ order: z.string() }) });

describe.each(engineCases)('flows on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup() {
    const packed: unknown[] = [];
    const app = defineApp({
      jobs: [pick, pack],
      handlers: [
        handle(pick, ({ item }) => (item === 'missing' ? dead('not there') : { shelf: item.length })),
        handle(pack, async ({ order }, run) => {
          const results = await run.children.results(pick);
          packed.push([order, results.map(({ shelf }) => shelf).toSorted(), (await run.children.all()).length]);
        }),
      ],
    });
    const running = await runApp(engineCase, app);
    cleanups.push(() => running.stop());
    return { ...running, packed };
  }

  test('the parent gets the results of its children, and what becomes of it where one dies is as its flow says', async () => {
    const { client, packed } = await setup();
    const children = () => [pick({ item: 'a' }), pick({ item: 'missing' })];
    const inner = flow(pack({ order: 'inner' }), [pick({ item: 'abc' })]);
    const whole = await client.flow(flow(pack({ order: 'outer' }), [pick({ item: 'ab' }), inner]));
    const ends = await Promise.all(
      (['fail', 'ignore', 'remove', 'continue', 'wait'] as const).map(
        async policy =>
          [policy, await client.flow(flow(pack({ order: policy }), children(), { onChildFailure: policy }))] as const,
      ),
    );
    const stateOf = async (id: string) => (await client.job(id))?.state;
    await waitFor('the outer one', async () => (await stateOf(whole.id)) === 'succeeded');
    for (const [policy, { id }] of ends) {
      const wanted = policy === 'fail' ? 'dead' : policy === 'wait' ? 'waiting' : 'succeeded';
      await waitFor(`${policy}: ${wanted}`, async () => (await stateOf(id)) === wanted);
    }
    const said = Object.fromEntries(packed.map(each => [(each as string[])[0], each]));
    expect(said).toMatchObject({
      outer: ['outer', [2], 2],
      inner: ['inner', [3], 1],
      ignore: ['ignore', [1], 2],
      remove: ['remove', [1], 1],
    });
    expect(Object.keys(said).toSorted()).toEqual(['continue', 'ignore', 'inner', 'outer', 'remove']);
    const [failed] = ends;
    expect((await client.job(failed?.[1].id ?? ''))?.lastError).toContain('failed');
    const child = await client.job(whole.children[0]?.id ?? '');
    expect(child?.parent).toEqual({ queue: 'post', id: whole.id });
    expect((await client.job(whole.id))?.children).toEqual({ open: 0, succeeded: 2, failed: 0 });
  });

  test('a flow of a stock producer runs on our workers', async () => {
    const { engine, packed } = await setup();
    const producer = await stockProducer(engine);
    cleanups.push(() => producer.close());
    await producer.add({
      name: 'pack',
      queueName: 'post',
      data: { order: 'stock' },
      children: [
        { name: 'pick', queueName: 'stock', data: { item: 'abcd' } },
        { name: 'pick', queueName: 'stock', data: { item: 'missing' }, opts: { ignoreDependencyOnFailure: true } },
      ],
    });
    await waitFor('the parent', () => packed.length > 0);
    expect(packed).toEqual([['stock', [4], 2]]);
  });

  test('a flow of ours runs on stock workers', async () => {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const engine = openEngine({ url, namespace, role: 'worker' });
    cleanups.push(() => engine.close());
    await engine.migrate();
    const client = clientOn(engine, new Facts());
    const { id } = await client.flow(flow(pack({ order: 'o' }), [pick({ item: 'a' }), pick({ item: 'b' })]));
    const got: unknown[] = [];
    const [parents, children] = await Promise.all([
      stockWorker(engine, 'post', async job => void got.push(Object.values(await job.getChildrenValues()))),
      stockWorker(engine, 'stock', async () => ({ shelf: 7 })),
    ]);
    void parents.run();
    void children.run();
    await waitFor('the parent', async () => (await client.job(id))?.state === 'succeeded');
    expect(got).toEqual([[{ shelf: 7 }, { shelf: 7 }]]);
  });
});

async function stockProducer(engine: Engine): Promise<Pick<FlowProducer, 'add' | 'close'>> {
  const backing = await engine.backing();
  if (backing.kind === 'redis') {
    const { commands, keys } = backing;
    if (commands instanceof Cluster) throw new Error('Expected one Redis, found a cluster.');
    return new FlowProducer({ connection: commands, prefix: await keys.prefixOf('post') });
  }
  if (backing.kind !== 'postgres') throw new Error('Expected a server.');
  const { rows } = await backing.pool.query<{ schema: string }>('SELECT current_schema() AS schema');
  return new FlowProducer({ connection: {} }, postgresBackend(backing.pool, rows[0]?.schema ?? ''));
}
