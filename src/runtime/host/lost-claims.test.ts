import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, snooze } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn } from '../../queue/index.ts';
import { createWorkerHost } from '../index.ts';
import type { ClaimedJob } from '../supervisor/child/messages.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });

describe('after an outage', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    vi.useRealTimers();
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test('what a worker holds and does not know of is handed back, and what it has passed on to be run alone is not', async () => {
    const { url, namespace } = await inMemory.open();
    const engine = openEngine({ url, namespace, role: 'worker' });
    cleanups.push(() => engine.close(500));
    const client = clientOn(openEngine({ url, namespace, role: 'producer' }), new Facts());
    cleanups.push(() => client.close());
    const claimOf = async (id: string) => (await engine.claims('tasks')).find(({ jobId }) => jobId === id);
    // A claim whose answer never came: active under the worker's name.
    const { id: lost } = await client.enqueue(task, {});
    const take = { tokens: ['unheard'], worker: 'one', lockMs: 30_000, maxBytes: 1_000 };
    await (await engine.turns('tasks')).turn({ id: 'unheard', now: await engine.clock.now(), ends: [], take });
    expect(await claimOf(lost)).toBeDefined();

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
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    facts.emit('engine.back', { engine: engine.kind, awayMs: 1 });
    // The first look, and the second one some time after it.
    await waitFor('both looks', async () => {
      await vi.advanceTimersByTimeAsync(1_000);
      return (await claimOf(lost)) === undefined || passedOn.length > 1;
    });
    expect(await rescued).toMatchObject({ jobId: lost, cause: 'lost-claim' });
    // It was started twice by now as well. Whatever else was to be handed back has been.
    await waitFor('it to be passed on', () => passedOn.length >= 2);
    expect(passedOn.map(({ jobId }) => jobId)).toEqual([suspect, lost]);
    expect((await claimOf(suspect))?.token).toBe(passedOn[0]?.token);
  });
});
