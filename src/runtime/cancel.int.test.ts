import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../tests/support/running-app.ts';
import { defineApp, defineJob, handle, type Run } from '../contracts/index.ts';

const task = defineJob({
  queue: 'tasks',
  name: 'task',
  schema: z.object({ does: z.enum(['end', 'wait', 'ignore']) }),
  retry: { attempts: 3 },
});

describe.each(engineCases)('cancel on $kind', engineCase => {
  let app: RunningApp;
  const started: string[] = [];
  const never = Promise.withResolvers<void>();

  const work = ({ does }: { does: string }, { jobId, signal }: Run): Promise<void> | undefined => {
    started.push(jobId);
    if (does === 'end') return undefined;
    if (does === 'ignore') return never.promise;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };

  beforeAll(async () => {
    app = await runApp(engineCase, defineApp({ jobs: [task], handlers: [handle(task, work)] }));
  });
  afterAll(async () => {
    never.resolve();
    await app.stop();
  });

  test('a job that waits is not begun, and says who wanted that and why', async () => {
    await app.client.enqueue(task, { does: 'end' }, { delay: '1h' });
    const { id } = await app.client.enqueue(task, { does: 'end' }, { delay: '1h' });
    const cancelled = app.facts.next('job.cancelled', ({ jobId }) => jobId === id);
    expect(await app.client.cancel(id, { reason: 'they moved', by: 'ann' })).toBe('requested');
    expect((await cancelled).reason).toBe('they moved');
    expect(started).not.toContain(id);
    expect(await app.client.job(id)).toMatchObject({
      state: 'dead',
      lastError: 'JOB_CANCELLED: Cancelled: they moved',
    });
  });

  test.each(['wait', 'ignore'] as const)(
    'a job that runs is told to stop; one that would %s ends as well',
    async does => {
      const begun = app.facts.next('job.started');
      const { id } = await app.client.enqueue(task, { does });
      await begun;
      const cancelled = app.facts.next('job.cancelled', ({ jobId }) => jobId === id);
      expect(await app.client.cancel(id)).toBe('requested');
      expect((await cancelled).attempt).toBe(1);
      expect(await app.client.job(id)).toMatchObject({ state: 'dead' });
    },
  );

  test('a job that has ended, or is none, is said to be', async () => {
    const done = app.facts.next('job.succeeded');
    const { id } = await app.client.enqueue(task, { does: 'end' });
    await done;
    expect(await app.client.cancel(id)).toBe('ended');
    expect(await app.client.cancel(id.replace(/.$/, '-'))).toBe('unknown');
    expect(await app.client.cancel('nonsense')).toBe('unknown');
  });
});
