import { expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { startTcpProxy } from '../../tests/support/tcp-proxy.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../contracts/index.ts';
import { openEngine } from '../engine/index.ts';
import { createWorkerHost } from '../runtime/index.ts';
import { connect } from './index.ts';

const charge = defineJob({
  queue: 'payments',
  name: 'charge',
  schema: z.object({ n: z.number() }),
  // Gone as soon as it has run: nothing of it would recognise a second one.
  retention: { completedCount: 0 },
});

test.each(engineCases.filter(({ kind }) => kind === 'redis'))(
  'one call is one job on $kind, also where the connection is cut between its adding and the answer',
  async engineCase => {
    const { url, namespace, cleanup } = await engineCase.open();
    const server = new URL(url);
    const proxy = await startTcpProxy(Number(server.port));
    const through = new URL(url);
    through.port = String(proxy.port);
    const runs = new Map<number, number>();
    const app = defineApp({
      jobs: [charge],
      handlers: [handle(charge, ({ n }) => void runs.set(n, (runs.get(n) ?? 0) + 1))],
    });
    const host = createWorkerHost({ app, engine: openEngine({ url, namespace, role: 'worker' }) });
    const client = connect({ redis: through.href, namespace });
    try {
      await host.start();
      await client.enqueue(charge, { n: 0 });
      for (const n of [1, 2, 3, 4, 5]) {
        proxy.hold();
        const adding = client.enqueue(charge, { n }).catch(() => undefined);
        await waitFor('the job to run', () => runs.get(n) === 1);
        proxy.cut();
        proxy.release();
        await adding;
        // Behind it in the queue: when this one has run, a second one of the other would have.
        await waitFor('a job that follows', async () => {
          await client.enqueue(charge, { n: n + 100 });
          return true;
        });
        await waitFor('that it ran', () => (runs.get(n + 100) ?? 0) > 0);
        expect(runs.get(n)).toBe(1);
      }
    } finally {
      await client.close();
      await host.stop(2_000);
      await proxy.close();
      await cleanup();
    }
  },
);
