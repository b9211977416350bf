import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { runApp } from '../../../tests/support/running-app.ts';
import { listen, readStream, type ReadStream } from '../../../tests/support/served-api.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { insidesOf } from '../../queue/index.ts';
import { jobEvents } from './job-events.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test('a thousand listeners of one process cost the engine one subscription, and one read of each change', async () => {
  const gate = Promise.withResolvers<void>();
  const contract = defineJob({ queue: 'q', name: 'n', schema: z.object({}), publicFields: ['progress'] });
  const running = await runApp(
    inMemory,
    defineApp({
      jobs: [contract],
      handlers: [
        handle(contract, async (_, run) => {
          run.progress(1);
          await gate.promise;
        }),
      ],
    }),
  );
  cleanups.push(() => running.stop());
  const { engine } = insidesOf(running.client);
  const ends = await engine.ends();
  vi.spyOn(engine, 'ends').mockResolvedValue(ends);
  const [subscribed, looked] = [vi.spyOn(ends, 'listen'), vi.spyOn(ends, 'signs')];
  const queue = await engine.queue('q');
  const read = vi.spyOn(queue, 'getJob');
  const { id } = await running.client.enqueue(contract, {});
  const live = jobEvents(running.client, {
    allow: ({ url = '' }) => ({ caller: url, job: id }),
    perCaller: 1_000,
  });
  const server = await listen(live.handler);
  cleanups.push(
    () => server.close(),
    () => live.close(),
    () => gate.resolve(),
  );
  const streams: ReadStream[] = [];
  // A hundred at once: a kernel keeps no more than some hundred connections that nobody has accepted yet.
  while (streams.length < 1_000)
    streams.push(...(await Promise.all(Array.from({ length: 100 }, () => readStream(server.origin)))));
  await waitFor('an event for each', () => streams.every(({ events }) => events.length > 0));
  expect(insidesOf(running.client).watches.size).toBe(1);
  expect(subscribed).toHaveBeenCalledTimes(1);
  const before = { looks: looked.mock.calls.length, reads: read.mock.calls.length };
  gate.resolve();
  await Promise.all(streams.map(({ ended }) => ended));
  for (const { events } of streams) {
    expect(events.at(-2)).toMatchObject({ name: 'job', data: { state: 'succeeded', progress: 1 } });
    expect(events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'over' } });
  }
  // One to see that it has changed and one to know what it is, for all of them; a look of the timer may fall in between.
  expect(read.mock.calls.length - before.reads).toBeLessThanOrEqual(8);
  expect(looked.mock.calls.every(([jobs]) => jobs.length === 1)).toBe(true);
  expect(insidesOf(running.client).watches.size).toBe(0);
});
