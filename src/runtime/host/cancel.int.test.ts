import { WaitingError } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { defineApp, defineJob, handle, type Run } from '../../contracts/index.ts';
import { createWorkerHost } from './worker-host.ts';

const task = defineJob({
  queue: 'tasks',
  name: 'task',
  schema: z.object({ does: z.enum(['end', 'wait']) }),
  retry: { attempts: 1 },
});

/** What becomes of a run that is told to stop, whatever its handler makes of that, is in ../run/perform.test.ts. */
describe.each(engineCases)('cancel on $kind', engineCase => {
  let app: RunningApp;
  const started: string[] = [];

  const work = ({ does }: { does: string }, { jobId, signal }: Run): Promise<never> | undefined => {
    started.push(jobId);
    if (does === 'end') return undefined;
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };

  beforeAll(async () => {
    app = await runApp(engineCase, defineApp({ jobs: [task], handlers: [handle(task, work)] }));
  });
  afterAll(async () => {
    await app.stop();
  });

  test('a job that waits is not begun, and says who wanted that and why, in its history too', async () => {
    await app.client.enqueue(task, { does: 'end' }, { delay: '1h' });
    const { id } = await app.client.enqueue(task, { does: 'end' }, { delay: '1h' });
    const cancelled = app.facts.next('job.cancelled', ({ jobId }) => jobId === id);
    expect(await app.client.cancel(id, { reason: 'they moved', by: 'ann' })).toBe('requested');
    expect((await cancelled).reason).toBe('they moved');
    expect(started).not.toContain(id);
    expect(await app.client.job(id)).toMatchObject({
      state: 'cancelled',
      attemptsMade: 0,
      lastError: 'JOB_CANCELLED: Cancelled: they moved',
    });
    const { logs } = await (await app.engine.queue('tasks')).getJobLogs(id);
    expect(logs.map(line => JSON.parse(line))).toMatchObject([
      { what: 'failed', attempt: 1, error: 'JobCancelledError', dead: 'cancelled' },
    ]);
  });

  test('a job that runs is told to stop, and ends', async () => {
    const begun = app.facts.next('job.started');
    const { id } = await app.client.enqueue(task, { does: 'wait' });
    await begun;
    const cancelled = app.facts.next('job.cancelled', ({ jobId }) => jobId === id);
    expect(await app.client.cancel(id)).toBe('requested');
    expect((await cancelled).attempt).toBe(1);
    expect(await app.client.job(id)).toMatchObject({
      state: 'cancelled',
      attemptsMade: 1,
      lastError: expect.stringMatching(/^JOB_CANCELLED/),
    });
  });

  test('a job that runs alone in a process of its own is told to stop as well', async () => {
    // Its first worker has left the job active, as one does that has a suspect run alone.
    const queue = await app.engine.queue('alone');
    const claimed = Promise.withResolvers<{ jobId: string; token: string }>();
    const first = await stockWorker(
      app.engine,
      'alone',
      async (job, token) => {
        claimed.resolve({ jobId: job.id ?? '', token });
        throw new WaitingError();
      },
      { name: 'first', concurrency: 1 },
    );
    void first.run();
    const alone = defineJob({ queue: 'alone', name: 'alone', schema: z.object({ does: z.literal('wait') }) });
    const { id } = await app.client.enqueue(alone, { does: 'wait' });
    const held = await claimed.promise;
    await first.pause(true);
    const host = createWorkerHost({
      app: defineApp({ jobs: [alone], handlers: [handle(alone, work)] }),
      engine: app.engine,
      facts: app.facts,
    });
    const begun = app.facts.next('job.started', ({ jobId }) => jobId === id);
    const adopting = host.adopt({ queue: queue.name, jobName: 'alone', ...held });
    await begun;
    const cancelled = app.facts.next('job.cancelled', ({ jobId }) => jobId === id);
    expect(await app.client.cancel(id)).toBe('requested');
    await expect(cancelled).resolves.toMatchObject({ jobName: 'alone' });
    await adopting;
    expect(await app.client.job(id)).toMatchObject({ state: 'cancelled', attemptsMade: 1 });
  });

  test('a job that has ended, or is none, is said to be', async () => {
    const done = app.facts.next('job.succeeded');
    const { id } = await app.client.enqueue(task, { does: 'end' });
    await done;
    expect(await app.client.cancel(id)).toBe('ended');
    expect(await app.client.cancel(id.replace(/.$/, '-'))).toBe('unknown');
    expect(await app.client.cancel('nonsense')).toBe('unknown');
  });
});
