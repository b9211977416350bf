import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../../tests/support/engines.ts';
import { workPlaces } from '../../../../tests/support/work-place.ts';
import { defineJob, handle, type Perform } from '../../../contracts/index.ts';
import { fixed } from '../../../resilience/index.ts';

const contract = defineJob({
  queue: 'email',
  name: 'order',
  schema: z.object({ text: z.string() }),
  sensitive: ['text'],
  retry: { attempts: 3, backoff: fixed(10) },
});
type Work = Perform<{ text: string }, Record<never, never>>;

describe.each(engineCases)('steps on $kind', engineCase => {
  const place = workPlaces(engineCase);

  async function setup() {
    const { client, facts, queue, start } = await place();
    return { client, facts, queue, start: (work: Work) => start([handle(contract, work)]) };
  }

  test('what a step answered is given back when the job runs again after a failure, also nothing', async () => {
    const { client, facts, start } = await setup();
    const done: string[] = [];
    const got: unknown[] = [];
    await start(async (_, run) => {
      got.push(await run.step('charge', () => (done.push('charge'), { id: 'c1', at: [1, null] })));
      got.push(await run.step('note', () => void done.push('note')));
      if (run.attempt < 3) throw new Error('not yet');
      await run.step('last', async () => void done.push('last'));
    });
    const ended = facts.next('job.succeeded');
    await client.enqueue(contract, { text: 'secret text' });
    await ended;
    expect(done).toEqual(['charge', 'note', 'last']);
    expect(got).toEqual([1, 2, 3].flatMap(() => [{ id: 'c1', at: [1, null] }, undefined]));
  });

  test('a step that fails is done again, those before it are not', async () => {
    const { client, facts, start } = await setup();
    const done: string[] = [];
    await start(async (_, run) => {
      await run.step('first', () => void done.push('first'));
      await run.step('second', () => {
        done.push('second');
        if (run.attempt === 1) throw new Error('not yet');
      });
    });
    const ended = facts.next('job.succeeded');
    await client.enqueue(contract, { text: 'secret text' });
    await ended;
    expect(done).toEqual(['first', 'second', 'second']);
  });

  test('a deploy between two steps: the next release is given what it names alike, and other steps are ignored', async () => {
    const { client, facts, start } = await setup();
    const done: string[] = [];
    const between = Promise.withResolvers<void>();
    const before = await start(async (_, run) => {
      await run.step('old', () => void done.push('old'));
      await run.step('kept', () => (done.push('kept'), 7));
      between.resolve();
      await new Promise((_resolve, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)));
    });
    const { id } = await client.enqueue(contract, { text: 'secret text' });
    await between.promise;
    const back = facts.next('job.handed-back');
    await before.stop(2_000);
    await back;
    const ended = facts.next('job.succeeded');
    await start(async (_, run) => {
      const kept = await run.step<number>('kept', () => (done.push('kept again'), 8));
      await run.step('new', () => void done.push(`new ${kept}`));
    });
    expect(await ended).toMatchObject({ jobId: id, attempt: 1 });
    expect(done).toEqual(['old', 'kept', 'new 7']);
  });

  test('steps are there for a replay, and stock BullMQ reads the job', async () => {
    const { client, facts, start, queue } = await setup();
    const done: string[] = [];
    let mended = false;
    await start(async (_, run) => {
      await run.step('charge', () => void done.push('charge'));
      if (!mended) throw new Error('not yet');
    });
    const dead = facts.next('job.dead');
    const { id } = await client.enqueue(contract, { text: 'secret text' });
    await dead;
    mended = true;
    const ended = facts.next('job.succeeded');
    await (await queue.getJob(id))?.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    await ended;
    expect(done).toEqual(['charge']);
    // Another job of the same contract has steps of its own.
    const other = facts.next('job.succeeded');
    await client.enqueue(contract, { text: 'other text' });
    await other;
    expect(done).toEqual(['charge', 'charge']);
  });

  test.each<[string, string, Work]>([
    [
      'two steps of one name',
      'STEP_REPEATED',
      async (_, run) => {
        await run.step('same', () => 1);
        await run.step('same', () => 2);
      },
    ],
    ['a sensitive value', 'STEP_REFUSED', async ({ text }, run) => void (await run.step('x', () => [`to ${text}`]))],
    [
      'what JSON makes another thing of',
      'STEP_REFUSED',
      // @ts-expect-error a date is no JSON
      async (_, run) => void (await run.step('x', () => new Date(0))),
    ],
    ['too much', 'STEP_REFUSED', async (_, run) => void (await run.step('x', () => 'x'.repeat(20_000)))],
    // @ts-expect-error a value is nothing to do
    ['no function', 'STEP_REFUSED', async (_, run) => void (await run.step('x', 5))],
    ['no name', 'STEP_REFUSED', async (_, run) => void (await run.step('', () => 1))],
  ])('%s makes the job dead at its first attempt', async (_what, code, work) => {
    const { client, facts, start } = await setup();
    await start(work);
    const dead = facts.next('job.dead');
    await client.enqueue(contract, { text: 'secret text' });
    const { attempt, error } = await dead;
    expect(attempt).toBe(1);
    expect(error.message).toContain(code);
    expect(error.message).not.toContain('secret text');
  });
});
