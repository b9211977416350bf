import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { runApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { readQueueFigures } from './queue-figures.ts';

const mail = defineJob({
  queue: 'mail',
  name: 'mail',
  schema: z.strictObject({ tenant: z.string() }),
  limits: [{ name: 'tenant', by: ({ tenant }) => tenant, fair: true, concurrency: 1, order: 'starts' }],
});

describe.each([...engineCases, inMemory])('figures of groups that take turns, on $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test('jobs of a group at its limit are held, and not late: more workers do not help them; those of others are due', async () => {
    const gate = Promise.withResolvers<void>();
    const app = defineApp({
      jobs: [mail],
      handlers: [handle(mail, () => gate.promise)],
      queues: { mail: { concurrency: 10 } },
    });
    const { client, engine, stop } = await runApp(engineCase, app);
    cleanups.push(stop, () => gate.resolve());
    const figures = async () => (await readQueueFigures(engine, ['mail']))[0];
    await client.enqueueMany(Array.from({ length: 4 }, () => mail({ tenant: 'a' })));
    await waitFor('three to be held', async () => (await figures())?.held === 3);
    expect(await figures()).toMatchObject({
      waiting: 3,
      held: 3,
      running: 1,
      oldestDueMs: undefined,
      oldestHeldMs: expect.any(Number),
    });
    // Nobody takes what comes now: it awaits its turn.
    await client.pause({ queue: 'mail' });
    await client.enqueue(mail, { tenant: 'b' });
    expect(await figures()).toMatchObject({ waiting: 4, held: 3 });
    expect((await figures())?.oldestDueMs).toBeGreaterThanOrEqual(0);
  });
});
