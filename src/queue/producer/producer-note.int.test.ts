import { hostname } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { engineCases, namespace, type AnyEngineCase } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineJob } from '../../contracts/index.ts';
import { memoryServer, openEngine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { connect } from '../connect.ts';

const greet = defineJob({ queue: 'email', name: 'greet', schema: z.strictObject({ n: z.int() }) });

const memory: AnyEngineCase = {
  kind: 'memory',
  open: async () => ({ url: `memory://${namespace()}`, namespace: 'producers', cleanup: async () => undefined }),
};

describe.each([memory, ...engineCases])('who has enqueued a job, on $kind', ({ open }) => {
  test('is written once for a client and not with its jobs, and is known when that process has gone', async () => {
    const { url, namespace: prefix, cleanup } = await open();
    onTestFinished(cleanup);
    const engine = openEngine({ url, namespace: prefix, role: 'producer' });
    onTestFinished(() => engine.close());
    await engine.migrate();
    const shop = connect({ redis: url, namespace: prefix, release: 'v41' });
    const { id } = await shop.enqueue(greet, { n: 1 });
    await shop.enqueueMany(Array.from({ length: 20 }, (_, n) => greet({ n })));
    const followed = await shop.enqueueFrom({ id: 'order-1', at: new Date(1_700_000_000_000) }, [greet({ n: 2 })]);
    await shop.close();
    const bank = connect({ redis: url, namespace: prefix });
    onTestFinished(() => bank.close());
    const other = await bank.enqueue(greet, { n: 3 });
    const here = { host: hostname(), pid: process.pid };
    expect((await bank.job(id))?.producer).toEqual({ ...here, release: 'v41' });
    await waitFor(
      'the second client to be written down',
      async () => (await bank.job(other.id))?.producer !== undefined,
    );
    expect((await bank.job(other.id))?.producer).toEqual(here);
    // Its id is made of its cause: nobody knows.
    expect(await bank.job(followed[0]?.id ?? '')).toMatchObject({ state: 'waiting', producer: undefined });
    expect(await (await openState(engine)).list('producer')).toHaveLength(2);
    // Not a byte of a job says so.
    expect((await (await engine.queue('email')).getJob(id))?.opts.telemetry).toBeUndefined();
  });
});

test('a client whose first job found the engine away says it with its next', async () => {
  const name = namespace();
  const client = connect({ redis: `memory://${name}` });
  onTestFinished(() => client.close());
  memoryServer(name).takeAway();
  await expect(client.enqueue(greet, { n: 1 })).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  memoryServer(name).bringBack();
  const { id } = await client.enqueue(greet, { n: 2 });
  await waitFor('it to be written down', async () => (await client.job(id))?.producer !== undefined);
});
