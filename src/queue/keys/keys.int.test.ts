import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases, type EngineFixture } from '../../../tests/support/engines.ts';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { createWorkerHost } from '../../runtime/index.ts';
import { createIdSource } from '../../time/index.ts';
import { Client } from '../client.ts';
import { connect, type ConnectOptions } from '../index.ts';

const greet = defineJob({
  queue: 'email',
  name: 'greet',
  schema: z.object({ userId: z.string(), text: z.string() }),
  key: ({ userId }) => [userId],
});
const count = defineJob({ queue: 'email', name: 'count', schema: z.object({ drawn: z.number() }) });
const gone = defineJob({
  queue: 'email',
  name: 'gone',
  schema: z.object({ text: z.string() }),
  retention: { completed: 0 },
});
const OLD = 'o'.repeat(32);
const NEW = 'n'.repeat(32);
const at = new Date('2026-01-01T00:00:00Z');

describe.each(engineCases)('keys on $kind', ({ kind, open }) => {
  let fixture: EngineFixture;
  let engine: Engine;
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    fixture = await open();
    closing.push(() => fixture.cleanup());
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    closing.push(() => engine.close());
    await engine.migrate();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });
  function client(options: Partial<ConnectOptions> = {}): Client {
    const made = connect({ [kind]: fixture.url, namespace: fixture.namespace, ...options });
    closing.push(() => made.close());
    return made;
  }
  async function waiting(): Promise<number> {
    return (await engine.queue('email')).getJobCountByTypes('waiting', 'prioritized', 'delayed');
  }
  /** Runs all that waits, with a stock worker of BullMQ. */
  async function runAll(): Promise<void> {
    const workers = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const worker = await stockWorker(workers, 'email', async _job => undefined, { name: 'w', autorun: false });
    void worker.run();
    await waitFor(
      'the end of all',
      async () => (await waiting()) === 0 && (await (await engine.queue('email')).getActiveCount()) === 0,
    );
    await workers.close();
  }

  test('a key tells same data from other data, for processes that share the secret of the installation', async () => {
    const [one, two] = [client(), client()];
    const first = await one.enqueue(greet, { userId: 'u', text: 'hello' });
    const again = await two.enqueue(greet, { text: 'hello', userId: 'u' });
    expect(again).toEqual({ ...first, deduplicated: true });
    await expect(two.enqueue(greet, { userId: 'u', text: 'other' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      conflicts: [{ jobId: first.id }],
    });
    expect(await waiting()).toBe(1);
  });

  test('also when the job that has the key is gone, as long as the key holds', async () => {
    const producer = client();
    const options = { idempotencyKey: 'k' };
    const first = await producer.enqueue(gone, { text: 'a' }, options);
    const worker = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const app = defineApp({ jobs: [gone], handlers: [handle(gone, () => undefined)] });
    const host = createWorkerHost({ app, engine: worker });
    closing.push(() => host.stop(2_000));
    await host.start();
    await waitFor('the job to be gone', async () => (await producer.job(first.id)) === undefined);
    await expect(producer.enqueue(gone, { text: 'a' }, options)).resolves.toEqual({ ...first, deduplicated: true });
    const many = producer.enqueueMany([gone({ text: 'b' }, options), gone({ text: 'c' })]);
    await expect(many).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      conflicts: [{ index: 0, jobId: first.id }],
    });
  });

  test('of many with one key in one call the first is queued, and those with other data are told', async () => {
    const jobs = ['a', 'a', 'b'].map(text => greet({ userId: 'u', text }));
    const error: unknown = await client()
      .enqueueMany(jobs)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', conflicts: [{ index: 2 }] });
    expect(await waiting()).toBe(1);
  });

  test.each([
    ['a secret to another', { secret: OLD }, { secret: NEW, previousSecret: OLD }],
    ['a secret back to none', { secret: OLD }, { previousSecret: OLD }],
    ['none to a secret', {}, { secret: NEW }],
  ])('jobs that wait keep their keys over the change from %s', async (_, before, after) => {
    const old = client(before);
    const first = await old.enqueue(greet, { userId: 'u', text: 'hello' });
    const [derived] = await old.enqueueFrom({ id: 'event-1', at }, [count({ drawn: 1 })]);
    const now = client(after);
    await expect(now.enqueue(greet, { userId: 'u', text: 'hello' })).resolves.toEqual({ ...first, deduplicated: true });
    await expect(now.enqueueMany([greet({ userId: 'u', text: 'hello' })])).resolves.toEqual([
      { ...first, deduplicated: true },
    ]);
    await expect(now.enqueue(greet, { userId: 'u', text: 'other' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      conflicts: [{ jobId: first.id }],
    });
    // The same cause, made again by a maker that looks at the clock.
    const [again] = await now.enqueueFrom({ id: 'event-1', at }, [count({ drawn: 2 })]);
    expect(again).toEqual({ ...derived, deduplicated: true });
    expect(await waiting()).toBe(2);
  });

  test('while a secret is changed the two releases see the keys of each other, where each knows both', async () => {
    const [before, after] = [
      client({ secret: OLD, previousSecret: NEW }),
      client({ secret: NEW, previousSecret: OLD }),
    ];
    for (const [one, other, userId] of [
      [before, after, 'u'],
      [after, before, 'v'],
    ] as const) {
      const first = await one.enqueue(greet, { userId, text: 'x' });
      await expect(other.enqueue(greet, { userId, text: 'x' })).resolves.toEqual({ ...first, deduplicated: true });
    }
    expect(await waiting()).toBe(2);
  });

  test('a job that follows from something and has outlived its key is known by its id, under the secret of before too', async () => {
    const [derived] = await client({ secret: OLD }).enqueueFrom({ id: 'event-1', at }, [count({ drawn: 1 })]);
    const queue = await engine.queue('email');
    const job = await queue.getJob(derived?.id ?? '');
    await queue.removeDeduplicationKey(job?.opts.deduplication?.id ?? '');
    const [again] = await client({ secret: NEW, previousSecret: OLD }).enqueueFrom({ id: 'event-1', at }, [
      count({ drawn: 2 }),
    ]);
    expect(again).toMatchObject({ id: derived?.id, deduplicated: true });
    expect(await waiting()).toBe(1);
  });

  test('a job without a key waits for no secret', async () => {
    const never = { known: undefined, load: () => new Promise<never>(() => undefined) };
    const context = { ids: createIdSource(), cipher: undefined, traceparent: () => undefined };
    const made = new Client(engine, new Facts(), never, context);
    await expect(made.enqueue(count, { drawn: 1 })).resolves.toMatchObject({ deduplicated: false });
    await expect(made.enqueueMany([count({ drawn: 1 })])).resolves.toHaveLength(1);
  });

  test('nothing that is stored of keys is made of their data alone', async () => {
    const code = String(randomBytes(3).readUIntBE(0, 3) % 1_000_000).padStart(6, '0');
    const { id } = await client({ secret: OLD }).enqueue(greet, { userId: code, text: 'x' });
    const other = await client({ secret: NEW }).enqueue(greet, { userId: code, text: 'x' });
    // With another secret it is another key: nobody without one can say which.
    expect(other).toMatchObject({ deduplicated: false });
    expect(other.id.slice(-10)).not.toBe(id.slice(-10));
  });

  test('a job with an id and a key of 0.1 is found, cancelled and run', async () => {
    const queue = await engine.queue('email');
    const [id, another] = ['email-0mgrh5oxk0000a1b2c3d-Zk9QxY01ab', 'email-0mgrh5oxk0001a1b2c3d-Zk9QxY01ab'];
    const opts = {
      attempts: 5,
      backoff: { type: 'contract' },
      priority: 20,
      deduplication: { id: 'A'.repeat(43), ttl: 86_400_000 },
    };
    await queue.add('greet', { userId: 'u', text: 'x' }, { ...opts, jobId: id });
    await queue.add(
      'greet',
      { userId: 'v', text: 'x' },
      { ...opts, jobId: another, deduplication: { id: 'B'.repeat(43), ttl: 86_400_000 } },
    );
    const producer = client();
    await expect(producer.job(id)).resolves.toMatchObject({ id, name: 'greet', state: 'waiting' });
    await expect(producer.cancel(another)).resolves.toBe('requested');
    await runAll();
    await expect(producer.job(id)).resolves.toMatchObject({ state: 'succeeded' });
  });
});
