import { WaitingError } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { engineCases } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, snooze } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { connect } from '../../queue/index.ts';
import { createWorkerHost } from '../index.ts';
import type { ClaimedJob } from '../supervisor/child/messages.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });

describe.each(engineCases)('after an outage of $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function open(): Promise<{ readonly engine: Engine; readonly url: string; readonly namespace: string }> {
    const place = await engineCase.open();
    cleanups.push(() => place.cleanup());
    const { url, namespace } = place;
    const engine = openEngine({ url, namespace, role: 'worker' });
    cleanups.push(() => engine.close(500));
    await engine.migrate();
    return { engine, url, namespace };
  }

  test('what a worker holds and does not know of is handed back, and what it has passed on to be run alone is not', async () => {
    const { engine, url, namespace } = await open();
    const client = connect({ [engineCase.kind]: url, namespace });
    cleanups.push(() => client.close());
    const claimOf = async (id: string) => (await engine.claims('tasks')).find(({ jobId }) => jobId === id);
    // A claim whose answer never came: active under the worker's name.
    const { id: lost } = await client.enqueue(task, {});
    const deaf = await stockWorker(engine, 'tasks', () => Promise.reject(new WaitingError()), { name: 'one' });
    void deaf.run();
    await waitFor('it to be held', async () => (await claimOf(lost)) !== undefined);
    await deaf.close(true);

    const facts = new Facts();
    const passedOn: ClaimedJob[] = [];
    // Put off once, so that it is looked at: it was started more often than it ended.
    const app = defineApp({ jobs: [task], handlers: [handle(task, () => snooze(1, 'not yet'))] });
    const suspicion = { isSuspect: async () => true, isolate: (job: ClaimedJob) => void passedOn.push(job) };
    const host = createWorkerHost({ app, engine, facts, suspicion, name: 'one' });
    cleanups.push(() => host.stop(1_000));
    await host.start();
    const { id: suspect } = await client.enqueue(task, {});
    await waitFor('it to be passed on', () => passedOn.length === 1);

    const rescued = facts.next('job.rescued');
    facts.emit('engine.back', { engine: engine.kind, awayMs: 1 });
    expect(await rescued).toMatchObject({ jobId: lost, cause: 'lost-claim' });
    // It was started twice by now as well. Whatever else was to be handed back has been.
    await waitFor('it to be passed on', () => passedOn.length >= 2);
    expect(passedOn.map(({ jobId }) => jobId)).toEqual([suspect, lost]);
    expect((await claimOf(suspect))?.token).toBe(passedOn[0]?.token);
  });

  test('a job whose lock is another one by now is not run by whoever was to run it alone', async () => {
    const { engine } = await open();
    const queue = await engine.queue('tasks');
    await queue.add('task', {}, { jobId: 'one' });
    const holder = await stockWorker(engine, 'tasks', () => Promise.reject(new WaitingError()), { name: 'holder' });
    void holder.run();
    await waitFor('it to be held', async () => (await engine.claims('tasks')).length === 1);
    await holder.close(true);
    const runs: string[] = [];
    const app = defineApp({
      jobs: [task],
      handlers: [handle(task, async (_data, { jobId }) => void runs.push(jobId))],
    });
    const alone = createWorkerHost({ app, engine, facts: new Facts(), name: 'alone' });
    cleanups.push(() => alone.stop(1_000));
    const held = { queue: 'tasks', jobName: 'task', jobId: 'one' };
    await alone.adopt({ ...held, token: 'the-lock-of-before' });
    expect(runs).toEqual([]);
    expect(await queue.getJobState('one')).toBe('active');
    const [claim] = await engine.claims('tasks');
    await alone.adopt({ ...held, token: claim?.token ?? '' });
    expect(runs).toEqual(['one']);
  });
});
