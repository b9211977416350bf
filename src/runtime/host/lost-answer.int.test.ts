import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { startTcpProxy } from '../../../tests/support/tcp-proxy.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { connect } from '../../queue/index.ts';
import { createWorkerHost } from '../index.ts';

const AT_ONCE = 3;
const charge = defineJob({ queue: 'payments', name: 'charge', schema: z.object({ n: z.number() }) });

describe.each(engineCases)('the answer to a turn on $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test('that a broken connection has lost comes again: what ended has ended once, what was taken runs once, and nobody is blamed', async () => {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const through = new URL(url);
    const proxy = await startTcpProxy(Number(through.port));
    cleanups.push(() => proxy.close());
    through.port = String(proxy.port);
    const runs: number[] = [];
    const ends = Promise.withResolvers<void>();
    const app = defineApp({
      jobs: [charge],
      queues: { payments: { concurrency: AT_ONCE } },
      handlers: [
        handle(charge, async ({ n }) => {
          runs.push(n);
          await ends.promise;
        }),
      ],
    });
    const facts = new Facts();
    const succeeded: unknown[] = [];
    const blamed: string[] = [];
    facts.on('job.succeeded', ({ fields: { jobId, attempt } }) => succeeded.push([jobId, attempt]));
    for (const name of ['job.dead', 'job.retried', 'job.stalled', 'job.lock-lost', 'worker.error'] as const) {
      facts.on(name, () => blamed.push(name));
    }
    const engine = openEngine({ url: through.href, namespace, role: 'worker', facts });
    cleanups.push(() => engine.close(500));
    const host = createWorkerHost({ app, engine, facts });
    cleanups.push(() => host.stop(2_000));
    const watcher = openEngine({ url, namespace, role: 'worker' });
    cleanups.push(() => watcher.close(500));
    const client = connect({ [engineCase.kind]: url, namespace });
    cleanups.push(() => client.close());
    const receipts = await client.enqueueMany(Array.from({ length: 2 * AT_ONCE }, (_, n) => charge({ n })));
    const ids = receipts.map(({ id }) => id);
    await host.start();
    await waitFor('as many to run as may', () => runs.length === AT_ONCE);

    proxy.hold();
    ends.resolve();
    await waitFor('the others to be taken, of which the host knows nothing', async () => {
      const claimed = new Set((await watcher.claims('payments')).map(({ jobId }) => jobId));
      return ids.slice(AT_ONCE).every(id => claimed.has(id));
    });
    expect(runs).toHaveLength(AT_ONCE);
    proxy.cut();
    proxy.release();

    await waitFor('all ends', () => succeeded.length >= ids.length);
    expect(succeeded.toSorted()).toEqual(ids.map(id => [id, 1]).toSorted());
    expect(runs.toSorted()).toEqual(ids.map((_, n) => n));
    expect(blamed).toEqual([]);
  });
});
