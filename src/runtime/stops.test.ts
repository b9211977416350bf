import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { inMemory } from '../../tests/support/memory-case.ts';
import { PATIENCE_MS, waitFor } from '../../tests/support/wait-for.ts';
import { defineJob, handle, retryAfter, snooze, type Run } from '../contracts/index.ts';
import { DeliveryError } from '../resilience/index.ts';
import { runTrial, text } from './run-trial.contract-suite.ts';

describe('a stop', () => {
  const setup = runTrial(inMemory);

  test('a stop lets a running job end and takes no other', async () => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const work = defineJob({ queue: 'email', name: 'work', schema: text });
    const { client, start } = await setup([
      handle(work, () => {
        started.resolve();
        return gate.promise;
      }),
    ]);
    const [first, second] = await client.enqueueMany([work({ text: '1' }), work({ text: '2' })]);
    const host = await start({ concurrency: 1 });
    await started.promise;
    const stopped = host.stop(PATIENCE_MS);
    gate.resolve();
    await stopped;
    await expect(client.job(first?.id ?? '')).resolves.toMatchObject({ state: 'succeeded' });
    await expect(client.job(second?.id ?? '')).resolves.toMatchObject({ state: 'waiting', attemptsMade: 0 });
  });

  test('what a handler returns because it was told to stop costs its job nothing, as what it throws', async () => {
    const work = defineJob({ queue: 'email', name: 'work', schema: text, retry: { attempts: 1 } });
    const begun: string[] = [];
    const { client, facts, start } = await setup([
      handle(work, async (data, run) => {
        begun.push(data.text);
        await once(run.signal, 'abort');
        if (data.text === 'done') return { sent: true };
        if (data.text === 'snooze') return snooze('1d', 'told to stop');
        return retryAfter('10s', 'told to stop');
      }),
    ]);
    const receipts = await client.enqueueMany(['done', 'snooze', 'retry'].map(text => work({ text })));
    const host = await start({ concurrency: 3 });
    await waitFor('all to run', () => begun.length === 3);
    let back = 0;
    facts.on('job.handed-back', () => (back += 1));
    const stopping = host.stop(20_000);
    host.hurry();
    await stopping;
    expect(back).toBe(2);
    expect(await Promise.all(receipts.map(({ id }) => client.job(id)))).toMatchObject([
      { state: 'succeeded' },
      { state: 'waiting', attemptsMade: 0 },
      { state: 'waiting', attemptsMade: 0 },
    ]);
  });

  test('a run that is told to stop while nobody knows whether its effect happened is held for a person where its contract says so', async () => {
    const charge = defineJob({ queue: 'email', name: 'charge', schema: text, onDoubt: 'hold' });
    const again = defineJob({ queue: 'email', name: 'charge-again', schema: text });
    const begun: string[] = [];
    const work = async (data: { readonly text: string }, run: Run): Promise<never> => {
      begun.push(data.text);
      await once(run.signal, 'abort');
      throw new DeliveryError('unknown', 'The answer did not come.');
    };
    const { client, facts, start } = await setup([handle(charge, work), handle(again, work)]);
    await client.enqueueMany([charge({ text: 'hold' }), again({ text: 'again' })]);
    const host = await start({ concurrency: 2 });
    await waitFor('both to run', () => begun.length === 2);
    const [held, back] = [facts.next('job.dead'), facts.next('job.handed-back')];
    const stopping = host.stop(20_000);
    host.hurry();
    await stopping;
    expect(await held).toMatchObject({ jobName: 'charge', reason: 'in-doubt' });
    expect(await back).toMatchObject({ jobName: 'charge-again' });
  });
});
