import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { workPlaces } from '../../../tests/support/work-place.ts';
import { cancel, defineJob, handle, snooze, type Handler } from '../../contracts/index.ts';
import { readJobView } from '../../queue/index.ts';

const schema = z.object({ text: z.string() });
const greet = defineJob({ queue: 'email', name: 'greet', schema, retry: { attempts: 2 } });
const hourly = defineJob({ queue: 'email', name: 'hourly', schema, expiresAfter: '1ms' });

describe.each(engineCases)('how a job stands on $kind', engineCase => {
  const place = workPlaces(engineCase);

  async function setup(handlers: readonly Handler[]) {
    const { client, facts, engine, queue, start } = await place();
    return { client, facts, engine, queue, start: () => start(handlers) };
  }

  test('one that was cancelled while it waited has had no attempt, one that expired neither', async () => {
    const { client, facts, start } = await setup([handle(greet, () => undefined), handle(hourly, () => undefined)]);
    const [cancelled, expired] = [
      await client.enqueue(greet, { text: 'a' }),
      await client.enqueue(hourly, { text: 'b' }),
    ];
    await client.cancel(cancelled.id, { reason: 'not wanted' });
    const ends = [facts.next('job.cancelled'), facts.next('job.dead')];
    await start();
    await Promise.all(ends);
    const wanted = await client.job(cancelled.id);
    expect(wanted).toMatchObject({ state: 'cancelled', attemptsMade: 0, waitsFor: undefined });
    expect(wanted?.lastError).toContain('not wanted');
    expect(await client.job(expired.id)).toMatchObject({ state: 'expired', attemptsMade: 0 });
  });

  test('one that its handler cancels has had its attempt; one that is dead says why', async () => {
    const { client, facts, start } = await setup([
      handle(greet, ({ text }) => {
        if (text === 'cancel') return cancel('enough');
        // Words that stand for another end say nothing.
        throw new Error('JOB_EXPIRED: or so it says');
      }),
    ]);
    const once = defineJob({ queue: 'email', name: 'greet', schema, retry: { attempts: 1 } });
    const [cancelled, dead] = [
      await client.enqueue(greet, { text: 'cancel' }),
      await client.enqueue(once, { text: 'b' }),
    ];
    const ends = [facts.next('job.cancelled'), facts.next('job.dead')];
    await start();
    await Promise.all(ends);
    expect(await client.job(cancelled.id)).toMatchObject({ state: 'cancelled', attemptsMade: 1 });
    expect(await client.job(dead.id)).toMatchObject({
      state: 'dead',
      attemptsMade: 1,
      deadReason: 'attempts-exhausted',
    });
  });

  test('one that has succeeded has its result and its progress', async () => {
    const { client, facts, start } = await setup([
      handle(greet, (_, run) => {
        run.progress({ done: 3 });
        return { sent: true };
      }),
    ]);
    const ended = facts.next('job.succeeded');
    const { id } = await client.enqueue(greet, { text: 'a' });
    expect(await client.job(id)).toMatchObject({ progress: undefined, result: undefined });
    await start();
    await ended;
    expect(await client.job(id)).toMatchObject({ state: 'succeeded', progress: { done: 3 }, result: { sent: true } });
  });

  test('one that ends while it is read is shown as it ended', async () => {
    const { client, facts, start, engine, queue } = await setup([handle(greet, () => undefined)]);
    const ended = facts.next('job.succeeded');
    const { id } = await client.enqueue(greet, { text: 'a' });
    await start();
    await ended;
    const state = vi.spyOn(queue, 'getJobState').mockResolvedValueOnce('active');
    expect(await readJobView(engine, id)).toMatchObject({ state: 'succeeded', finishedAt: expect.any(Number) });
    state.mockRestore();
  });

  test('one that a handler has enqueued says whose', async () => {
    const follow = defineJob({ queue: 'email', name: 'follow', schema });
    const { client, facts, start } = await setup([
      handle(greet, async () => void (await client.enqueue(follow, { text: 'b' }))),
      handle(follow, () => undefined),
    ]);
    const followed = facts.next('job.succeeded', ({ jobName }) => jobName === 'follow');
    const { id } = await client.enqueue(greet, { text: 'a' });
    expect((await client.job(id))?.enqueuedBy).toBeUndefined();
    await start();
    expect((await client.job((await followed).jobId))?.enqueuedBy).toBe(id);
  });

  test('one that waits says for what: a time, a pause, a limit, a release, or its turn alone', async () => {
    const { client, facts, start, queue } = await setup([handle(greet, () => snooze('1h', 'too early'))]);
    const later = await client.enqueue(greet, { text: 'a' }, { delay: '1h' });
    const { waitsFor, enqueuedAt = 0 } = (await client.job(later.id)) ?? {};
    if (waitsFor?.for !== 'time') throw new Error('expected it to wait for its time');
    expect(Math.round(waitsFor.until - enqueuedAt)).toBe(3_600_000);
    const now = await client.enqueue(greet, { text: 'b' });
    expect(await client.job(now.id)).toMatchObject({ state: 'waiting', waitsFor: undefined });
    await queue.pause();
    expect(await client.job(now.id)).toMatchObject({ waitsFor: { for: 'pause', of: { queue: 'email' } } });
    await queue.resume();
    await queue.setGlobalConcurrency(0);
    expect(await client.job(now.id)).toMatchObject({ waitsFor: { for: 'limit', what: 'concurrency' } });
    await queue.removeGlobalConcurrency();
    const unknown = await client.enqueue(defineJob({ ...newer, name: 'tomorrows' }), { text: 'c' });
    const snoozed = [now.id, unknown.id].map(id => facts.next('job.snoozed', fields => fields.jobId === id));
    await start();
    await Promise.all(snoozed);
    expect(await client.job(now.id)).toMatchObject({ state: 'delayed', waitsFor: { for: 'time' } });
    expect(await client.job(unknown.id)).toMatchObject({ waitsFor: { for: 'release', unknown: 'the name' } });
  });
});

const newer = { queue: 'email', schema } as const;
