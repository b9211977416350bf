import { randomUUID } from 'node:crypto';
import { FlowProducer } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { defineJob } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn, type Client } from '../index.ts';

const before = defineJob({ queue: 'email', name: 'remind', schema: z.strictObject({ text: z.string() }) });
const now = defineJob({
  queue: 'email',
  name: 'remind',
  version: 2,
  schema: z.strictObject({ lines: z.array(z.string()) }),
});

describe.each(engineCases)('an update on $kind', ({ open, kind }) => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  const start = async (): Promise<{
    readonly client: Client;
    readonly engine: Engine;
    readonly namespace: string;
    readonly url: string;
  }> => {
    const { url, namespace, cleanup } = await open();
    const engine = openEngine({ url, namespace, role: 'producer' });
    await engine.migrate();
    const client = clientOn(engine, new Facts(), () => '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
    closing.push(() => client.close(), cleanup);
    return { client, engine, namespace, url };
  };

  test('of a job of an earlier release makes it one of the present version, with its trace and its correlation', async () => {
    const { client, engine } = await start();
    const { id } = await client.enqueue(before, { text: 'old' }, { correlationId: 'request-7', delay: '1h' });
    await client.update(id, { contract: now, data: { lines: ['new'] }, at: new Date(), priority: 'high' });
    const turns = await engine.turns('email');
    const take = { tokens: [randomUUID()], worker: 'tester', lockMs: 1_000, maxBytes: 1_000 };
    const { jobs } = await turns.turn({ id: randomUUID(), now: engine.clock.now() + 1, ends: [], take });
    expect(jobs).toMatchObject([{ id, data: { lines: ['new'] }, opts: { priority: 10, attempts: 5 } }]);
    const metadata: unknown = JSON.parse(jobs[0]?.opts.telemetry?.metadata ?? '');
    expect(metadata).toMatchObject({ v: 2, c: 'request-7', t: expect.stringMatching(/^00-4bf9/) as string });
    expect(jobs[0]?.opts.delay ?? 0).toBeLessThan(60_000);
    await expect(client.update(id, { priority: 'low' })).rejects.toMatchObject({ reason: 'runs' });
  });

  test.runIf(kind === 'redis')('of a parent whose children have not ended is refused', async () => {
    const { client, engine } = await start();
    const backing = await engine.backing();
    if (backing.kind !== 'redis') throw new Error('Expected Redis.');
    const { id } = await client.enqueue(before, { text: 'gone' });
    const parent = `${id.slice(0, -1)}_`.replace('_', id.endsWith('x') ? 'y' : 'x');
    const flows = new FlowProducer({
      connection: backing.commands as never,
      prefix: await backing.keys.prefixOf('email'),
    });
    closing.push(() => flows.close());
    await flows.add({
      name: 'remind',
      queueName: 'email',
      data: { text: 'old' },
      opts: { jobId: parent },
      children: [{ name: 'child', queueName: 'email', data: {} }],
    });
    await expect(client.update(parent, { priority: 'low' })).rejects.toMatchObject({ reason: 'waits-for-children' });
  });
});
