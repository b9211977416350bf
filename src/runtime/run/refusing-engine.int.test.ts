import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { namespace as newNamespace } from '../../../tests/support/engines.ts';
import { waysToRefuse, type RefusingEngine } from '../../../tests/support/refusing-engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, retryAfter, type HandlerResult, type Run } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { connect } from '../../queue/index.ts';
import { createWorkerHost } from '../index.ts';

const charge = defineJob({ queue: 'payments', name: 'charge', schema: z.object({}), retry: { attempts: 3 } });

describe.each(waysToRefuse)('while $engine refuses writes with $code', way => {
  let server: RefusingEngine;
  beforeAll(async () => {
    server = await way.start();
  });
  afterAll(() => server.stop());
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup(perform: (run: Run, refuse: () => Promise<void>) => HandlerResult | Promise<HandlerResult>) {
    const namespace = newNamespace();
    const { url } = server;
    const lost: string[] = [];
    let back = 0;
    const facts = new Facts();
    facts.on('engine.lost', ({ fields: { error } }) => lost.push(error.message));
    facts.on('engine.back', () => (back += 1));
    const engine = openEngine({ url, namespace, role: 'worker', facts });
    cleanups.push(() => engine.close(500));
    await engine.migrate();
    const client = connect({ [way.engine]: url, namespace });
    cleanups.push(() => client.close());
    let asked = false;
    let refusing = false;
    const refuse = async (): Promise<void> => {
      asked = true;
      await server.refuse();
      refusing = true;
    };
    const relent = async (): Promise<void> => {
      await server.relent();
      asked = false;
    };
    // A test that fails takes no other with it.
    cleanups.push(() => asked && relent());
    const queues = { payments: { concurrency: 10 } };
    const app = defineApp({ jobs: [charge], queues, handlers: [handle(charge, (_data, run) => perform(run, refuse))] });
    const host = createWorkerHost({ app, engine, facts });
    cleanups.push(() => host.stop(1_000));
    await host.start();
    const refuses = () => waitFor('the engine to refuse', () => refusing);
    // Another write than that of the run may have been refused first, while the server is still being looked at: whoever let it relent then
    // would have `refuse` wait for a state that is gone.
    const refused = () =>
      waitFor('the outage to be stated', () => refusing && lost.some(text => text.includes(way.words)));
    const returned = () => waitFor('its end to be stated', () => back > 0);
    return { client, facts, refuse, relent, refuses, refused, returned };
  }

  test('an effect in run.once that was done before is not done again, and no attempt is spent', async () => {
    let effects = 0;
    const { client, facts, relent, refused, returned } = await setup((run, refuse) =>
      run.once('charge', async () => {
        effects += 1;
        await refuse();
      }),
    );
    const succeeded = facts.next('job.succeeded');
    await client.enqueue(charge, {});
    await refused();
    await relent();
    expect(await succeeded).toMatchObject({ attempt: 1 });
    expect(effects).toBe(1);
    await returned();
  });

  test('the end of a run waits for the engine: the handler is not called again', async () => {
    let runs = 0;
    const { client, facts, relent, refuses } = await setup(async (_run, refuse) => {
      runs += 1;
      await refuse();
    });
    const succeeded = facts.next('job.succeeded');
    await client.enqueue(charge, {});
    await refuses();
    await relent();
    expect(await succeeded).toMatchObject({ attempt: 1 });
    expect(runs).toBe(1);
  });

  test('many runs end at once meanwhile: each end is written once, and no handler is called again', async () => {
    const ended = Promise.withResolvers<void>();
    let runs = 0;
    const { client, facts, relent, refused } = await setup(async (_run, refuse) => {
      runs += 1;
      if (runs === 10) {
        await refuse();
        ended.resolve();
      }
      await ended.promise;
    });
    const attempts: number[] = [];
    facts.on('job.succeeded', ({ fields: { attempt } }) => attempts.push(attempt));
    await client.enqueueMany(Array.from({ length: 10 }, () => charge({})));
    await refused();
    await relent();
    await waitFor('all ends', () => attempts.length === 10);
    expect(attempts).toEqual(Array.from({ length: 10 }, () => 1));
    expect(runs).toBe(10);
  });

  test('a retry waits for the engine too, and spends one attempt', async () => {
    let runs = 0;
    const { client, facts, relent, refuses } = await setup(async (_run, refuse) => {
      runs += 1;
      if (runs > 1) return undefined;
      await refuse();
      return retryAfter(1, 'not yet');
    });
    const succeeded = facts.next('job.succeeded');
    await client.enqueue(charge, {});
    await refuses();
    await relent();
    expect(await succeeded).toMatchObject({ attempt: 2 });
    expect(runs).toBe(2);
  });

  test('a producer is told which it is, at once, and works again afterwards', async () => {
    const { client, refuse, relent } = await setup(() => undefined);
    await client.enqueue(charge, {});
    await refuse();
    await expect(client.enqueue(charge, {})).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: expect.stringContaining(way.words),
    });
    await relent();
    await waitFor('an enqueue to be taken', () => client.enqueue(charge, {}));
  });
});
