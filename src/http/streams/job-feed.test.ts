import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { runApp } from '../../../tests/support/running-app.ts';
import { listen, readStream } from '../../../tests/support/served-api.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { insidesOf, type JobView } from '../../queue/index.ts';
import { AGAIN_MS, type Shape } from './job-feed.ts';
import { JobStreams } from './job-streams.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function setup(shape: Shape) {
  const gate = Promise.withResolvers<void>();
  const contract = defineJob({ queue: 'q', name: 'n', schema: z.object({}), tags: () => ({ user: 'u-1' }) });
  const running = await runApp(
    inMemory,
    defineApp({ jobs: [contract], handlers: [handle(contract, () => gate.promise)] }),
  );
  cleanups.push(() => running.stop());
  const { id } = await running.client.enqueue(contract, {});
  const streams = new JobStreams(insidesOf(running.client));
  const server = await listen((request, response) => {
    const target = request.url === '/tag' ? { tag: { user: 'u-1' } } : { job: id };
    void streams.open({ request, response, caller: 'ada', target, shape, isStillAllowed: async () => 'yes' });
  });
  cleanups.push(
    () => server.close(),
    () => streams.close(),
    () => gate.resolve(),
  );
  return { running, ...server, id, contract, gate };
}

test('a stream does not end as over before the end was sent, where the engine was away when it was read', async () => {
  let failures = 0;
  const shape = async ({ state }: JobView): Promise<unknown> => {
    if (state === 'succeeded' && (failures += 1) === 1) throw new Error('away');
    return { state };
  };
  const { origin, gate } = await setup(shape);
  const { events, ended } = await readStream(origin);
  await waitFor('the job to run', () => events.length > 0);
  gate.resolve();
  await ended;
  expect(events.slice(-2)).toMatchObject([{ data: { state: 'succeeded' } }, { data: { reason: 'over' } }]);
});

test('a job that could not be read for a reason that nobody foresaw is not gone', async () => {
  const { origin, running, gate } = await setup(async ({ state }) => ({ state }));
  const queue = await insidesOf(running.client).engine.queue('q');
  vi.spyOn(queue, 'getJob').mockRejectedValueOnce(new Error('ERR something new'));
  const { events, ended } = await readStream(origin);
  await waitFor('the job to be shown', () => events.length > 0);
  gate.resolve();
  await ended;
  expect(events.at(-1)).toMatchObject({ data: { reason: 'over' } });
});

test('what could not be read is not read again once something newer was', async () => {
  const newer = Promise.withResolvers<void>();
  let isFirst = true;
  const shape = async ({ state }: JobView): Promise<unknown> => {
    if (state === 'succeeded') await newer.promise;
    else if (isFirst) {
      isFirst = false;
      throw new Error('away');
    }
    return { state };
  };
  const { origin, gate } = await setup(shape);
  const { events, ended } = await readStream(origin);
  await waitFor('the first look to fail', () => !isFirst);
  gate.resolve();
  // Timers of one length go off in the order in which they were set: behind this one the second look is over.
  await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
  newer.resolve();
  await ended;
  expect(events.slice(-2)).toMatchObject([{ data: { state: 'succeeded' } }, { data: { reason: 'over' } }]);
});
