import { request } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { serveApi } from '../../../tests/support/served-api.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test('who leaves before the job was found, or while it is waited for, keeps no place among those who wait', async () => {
  const contract = defineJob({ queue: 'q', name: 'n', schema: z.object({}) });
  const {
    client,
    facts,
    origin,
    token: tokenFor,
    stop,
  } = await serveApi(inMemory, defineApp({ jobs: [contract], handlers: [handle(contract, () => undefined)] }));
  cleanups.push(stop);
  const token = await tokenFor(['read/n']);
  const counted: unknown[] = [];
  facts.on('api.answered', ({ fields: { route, status } }) => counted.push([route, status]));
  const { id } = await client.enqueue(contract, {}, { delay: '1h' });
  const found = Promise.withResolvers<void>();
  const [job, result] = [client.job.bind(client), vi.spyOn(client, 'result')];
  const looked = vi.spyOn(client, 'job').mockImplementationOnce(async wanted => {
    await found.promise;
    return job(wanted);
  });
  const ask = () =>
    request(`${origin}/api/v1/jobs/${id}/result?wait=50s`, { headers: { Authorization: `Bearer ${token}` } })
      .on('error', () => undefined)
      .end();
  const early = ask();
  await waitFor('the job to be looked for', () => looked.mock.calls.length === 1);
  const [answering] = looked.mock.results;
  early.destroy();
  await new Promise(resolve => early.once('close', resolve));
  // The server hears of it behind this one, whose connection came later.
  const late = ask();
  await waitFor('the wait to begin', () => result.mock.calls.length === 1);
  found.resolve();
  await answering?.value;
  late.destroy();
  await waitFor('the wait to end', () => result.mock.settledResults[0]?.type === 'rejected');
  expect(result).toHaveBeenCalledTimes(1);
  // Nobody was answered, so nothing counts as answered well.
  expect(counted).toEqual([
    ['result', 499],
    ['result', 499],
  ]);
});
