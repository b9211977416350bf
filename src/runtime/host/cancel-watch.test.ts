import { expect, test } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { runApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, type Run } from '../../contracts/index.ts';

test('a cancel reaches the job of its queue alone: other programs give the same id in each of theirs', async () => {
  const inQueue = (queue: string) => defineJob({ queue, name: `in-${queue}`, schema: z.looseObject({}) });
  const [mail, billing] = [inQueue('mail'), inQueue('billing')];
  const runs = new Map<string, Run>();
  const untilAborted = (_: unknown, run: Run): Promise<void> => {
    runs.set(run.jobName, run);
    return new Promise((_resolve, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)));
  };
  const app = defineApp({
    jobs: [mail, billing],
    handlers: [handle(mail, untilAborted), handle(billing, untilAborted)],
  });
  const { client, engine, facts, stop } = await runApp(inMemory, app);
  for (const queue of ['mail', 'billing']) await (await engine.queue(queue)).add(`in-${queue}`, {});
  await waitFor('both to run', () => runs.size === 2);
  const cancelled = facts.next('job.cancelled');
  expect(await client.cancel('billing/1')).toBe('requested');
  expect(await cancelled).toMatchObject({ queue: 'billing', jobId: '1' });
  expect(runs.get('in-mail')?.signal.aborted).toBe(false);
  expect(await client.cancel('mail/1')).toBe('requested');
  await waitFor('the other', () => runs.get('in-mail')?.signal.aborted === true);
  await stop();
});
