import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  dead,
  defineApp,
  defineJob,
  flow,
  handle,
  type ChildFailure,
  type FlowNode,
  type FlowRequest,
  type Run,
} from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { FlowRefusedError } from '../../queue/index.ts';
import { createTestApp, type TestApp } from '../index.ts';

const pick = defineJob({
  queue: 'stock',
  name: 'pick',
  schema: z.strictObject({ item: z.string() }),
  result: z.strictObject({ shelf: z.number() }),
  retry: { attempts: 1 },
});
const pack = defineJob({ queue: 'post', name: 'pack', schema: z.strictObject({ order: z.string() }) });
const keyed = defineJob({ queue: 'post', name: 'keyed', schema: z.strictObject({}), key: () => ['one'] });

describe('a flow', () => {
  const open: TestApp[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  function setup(onPack: (run: Run) => unknown = () => undefined) {
    const packed: unknown[] = [];
    const app = defineApp({
      jobs: [pick, pack, keyed],
      handlers: [
        handle(pick, ({ item }) => (item === 'missing' ? dead('not there') : { shelf: item.length })),
        handle(pack, async ({ order }, run) => {
          const results = await run.children.results(pick);
          expectTypeOf(results).toEqualTypeOf<readonly { shelf: number }[]>();
          packed.push([order, results.map(({ shelf }) => shelf).toSorted(), (await run.children.all()).length]);
          await onPack(run);
          return order;
        }),
        handle(keyed, () => undefined),
      ],
    });
    const test = createTestApp(app);
    open.push(test);
    return { test, packed };
  }

  test('the parent runs once its children have succeeded, with their results; flows stand in flows', async () => {
    const { test, packed } = setup();
    const inner = flow(pack({ order: 'inner' }), [pick({ item: 'abc' })]);
    const receipt = await test.client.flow(
      flow(pack({ order: 'outer' }), [pick({ item: 'a' }), pick({ item: 'ab' }), inner]),
    );
    expect(receipt).toMatchObject({ name: 'pack', children: [{ name: 'pick' }, {}, { children: [{ name: 'pick' }] }] });
    const before = await test.client.job(receipt.id);
    expect(before).toMatchObject({ state: 'waiting', waitsFor: { for: 'children' } });
    expect(before?.children).toEqual({ open: 3, succeeded: 0, failed: 0 });
    await test.drain();
    expect(packed).toEqual([
      ['inner', [3], 1],
      ['outer', [1, 2], 3],
    ]);
    const child = await test.client.job(receipt.children[0]?.id ?? '');
    expect(child?.parent).toEqual({ queue: 'post', id: receipt.id });
    expect((await test.client.job(receipt.id))?.children).toEqual({ open: 0, succeeded: 3, failed: 0 });
  });

  test.each<[ChildFailure, unknown]>([
    ['fail', []],
    ['wait', []],
    ['continue', [['o', [1], 2]]],
    ['ignore', [['o', [1], 2]]],
    ['remove', [['o', [1], 1]]],
  ])('where a child dies the policy "%s" holds', async (onChildFailure, said) => {
    const { test, packed } = setup();
    const { id } = await test.client.flow(
      flow(pack({ order: 'o' }), [pick({ item: 'a' }), pick({ item: 'missing' })], { onChildFailure }),
    );
    await test.drain();
    expect(packed).toEqual(said);
    const view = await test.client.job(id);
    expect(view?.state).toBe(onChildFailure === 'fail' ? 'dead' : onChildFailure === 'wait' ? 'waiting' : 'succeeded');
  });

  test('a parent that ends with a child says so, and that it never began', async () => {
    const { test: app } = setup();
    const { id, children } = await app.client.flow(flow(pack({ order: 'o' }), [pick({ item: 'missing' })]));
    await app.drain();
    expect(await app.client.job(id)).toMatchObject({
      attemptsMade: 0,
      deadReason: 'child-failed',
      lastError: `The child ${children[0]?.id} failed, and its flow lets the parent fail with it.`,
    });
  });

  test('a job that is no parent has no children', async () => {
    const { test, packed } = setup();
    await test.client.enqueue(pack, { order: 'alone' });
    await test.drain();
    expect(packed).toEqual([['alone', [], 0]]);
  });

  test.each([
    ['no children', () => flow(pack({ order: 'o' }), []), InvalidOptionsError, 'at least one child'],
    [
      'a child that is a contract',
      () => flow(pack({ order: 'o' }), [pick as never]),
      InvalidOptionsError,
      'calling a contract',
    ],
    ['a key', () => flow(pack({ order: 'o' }), [keyed({})]), FlowRefusedError, 'a job with a key'],
    ['one job twice', () => twice(), FlowRefusedError, 'one job in two places'],
    ['a circle', () => circle(), FlowRefusedError, 'a circle'],
  ])('refuses %s, and says what to do', async (_, make, kind, said) => {
    const { test } = setup();
    const refused = test.client.flow(make());
    await expect(refused).rejects.toBeInstanceOf(kind);
    await expect(refused).rejects.toThrow(said);
    expect(test.enqueued(pick)).toEqual([]);
  });

  function twice(): FlowRequest {
    const one = pick({ item: 'a' });
    return flow(pack({ order: 'o' }), [one, one]);
  }
  function circle(): FlowRequest {
    const children: FlowNode[] = [];
    const made = flow(pack({ order: 'o' }), children);
    children.push(flow(pack({ order: 'p' }), [made]));
    return made;
  }

  test('wrong uses do not compile, or are refused at once', () => {
    const calls = [
      // @ts-expect-error a pick has no such field
      () => flow(pack({ order: 'o' }), [pick({ thing: 'a' })]),
      // @ts-expect-error there is no such policy
      () => flow(pack({ order: 'o' }), [pick({ item: 'a' })], { onChildFailure: 'forget' }),
      // @ts-expect-error there is no such option
      () => flow(pack({ order: 'o' }), [pick({ item: 'a' })], { onChildFail: 'wait' }),
    ];
    expect(calls[1]).toThrow('onChildFailure of a flow');
    expect(calls[2]).toThrow('Did you mean "onChildFailure"?');
  });

  test('a parent and its children side by side are refused, and the parent is not queued alone', async () => {
    const { test } = setup();
    // @ts-expect-error the two are made one by flow()
    const refused = test.client.flow(pack({ order: 'o' }), [pick({ item: 'a' })]);
    await expect(refused).rejects.toThrow('client.flow(flow(parent, [children]))');
    expect(test.enqueued(pack)).toEqual([]);
  });
});
