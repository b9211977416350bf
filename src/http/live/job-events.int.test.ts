import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { runApp } from '../../../tests/support/running-app.ts';
import { listen, readStream } from '../../../tests/support/served-api.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { watchJobs, type LiveJob } from '../../live/index.ts';
import { jobEvents, type JobEventsOptions } from './job-events.ts';

const order = defineJob({
  queue: 'orders',
  name: 'order',
  schema: z.object({ orderId: z.string(), userId: z.string(), card: z.string() }),
  sensitive: ['card'],
  tags: ({ userId }) => ({ user: userId }),
  publicFields: ['progress.percent', 'result', 'data.orderId'],
});

describe.each([inMemory, ...engineCases])('live jobs on $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup(options: Omit<JobEventsOptions, 'allow'> = {}) {
    const gate = Promise.withResolvers<void>();
    const handler = handle(order, async ({ card, orderId }, run) => {
      run.progress({ percent: 50, note: 'not for all' });
      await gate.promise;
      return { url: `https://shop.example/${orderId}`, card };
    });
    const running = await runApp(engineCase, defineApp({ jobs: [order], handlers: [handler] }));
    cleanups.push(() => running.stop());
    const live = jobEvents(running.client, {
      allow: ({ url = '' }) => {
        const query = new URL(url, 'http://x').searchParams;
        const [job, user] = [query.get('job'), query.get('user')];
        if (job !== null) return { caller: 'ada', job };
        return user === null ? undefined : { caller: 'ada', tag: { user } };
      },
      ...options,
    });
    const server = await listen(live.handler);
    cleanups.push(
      () => server.close(),
      () => live.close(),
      () => gate.resolve(),
    );
    return { ...running, ...server, gate };
  }

  test('a page follows a job to its end, and sees what its contract lists and nothing else', async () => {
    const { client, gate, origin } = await setup();
    const { id } = await client.enqueue(order, { orderId: 'o-1', userId: 'u-1', card: '4111-1111' });
    const seen: LiveJob[] = [];
    const ended = Promise.withResolvers<string>();
    watchJobs(`${origin}/?job=${id}`, { onJob: job => seen.push(job), onEnd: ended.resolve });
    await waitFor('the page to see the progress', () => seen.at(-1)?.progress !== undefined);
    expect(seen.at(-1)).toEqual({
      id,
      name: 'order',
      state: 'running',
      data: { orderId: 'o-1' },
      progress: { percent: 50 },
    });
    gate.resolve();
    expect(await ended.promise).toBe('over');
    expect(seen.at(-1)).toEqual({
      id,
      name: 'order',
      state: 'succeeded',
      data: { orderId: 'o-1' },
      progress: { percent: 50 },
      result: { url: 'https://shop.example/o-1', card: '[redacted]' },
    });
    expect(JSON.stringify(seen)).not.toContain('4111');
  });

  test('a tag shows the jobs that carry it, those that come later too, and who comes again gets what has changed', async () => {
    const { client, origin } = await setup();
    const data = (orderId: string, userId = 'u-1') => ({ orderId, userId, card: '4111-1111' });
    const later = { delay: '1h' } as const;
    await client.enqueueMany([order(data('o-1'), later), order(data('o-9', 'u-9'), later)]);
    const first = await readStream(`${origin}/?user=u-1`);
    await waitFor('the first job', () => first.events.length === 1);
    expect(first.events[0]).toMatchObject({ name: 'job', data: { state: 'delayed', data: { orderId: 'o-1' } } });
    const { id } = await client.enqueue(order, data('o-2'), later);
    await waitFor('the second job', () => first.events.length === 2);
    expect(first.events[1]).toMatchObject({ data: { id, data: { orderId: 'o-2' } } });
    first.leave();
    const seen = { 'Last-Event-ID': first.events[1]?.id ?? '' };
    const again = await readStream(`${origin}/?user=u-1`, seen);
    // Opened behind it: what this one has been sent the other has been judged by.
    const behind = await readStream(`${origin}/?user=u-1`, { 'Last-Event-ID': 'of long ago' });
    await waitFor('both jobs', () => behind.events.length === 2);
    behind.leave();
    await client.enqueue(order, data('o-3'), later);
    await waitFor('the third job', () => again.events.length > 0);
    expect(again.events).toMatchObject([{ data: { data: { orderId: 'o-3' } } }]);
    again.leave();
  });
});
