import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { engineCases, type EngineFixture } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import {
  defineApp,
  defineEvent,
  defineJob,
  react,
  type EventRequest,
  type JobRequest,
  type Reaction,
} from '../../contracts/index.ts';
import { keyEndOf, openEngine, type End, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { connect, readMeta, type Client } from '../../queue/index.ts';
import { Bus } from '../bus/bus.ts';
import { runReactions } from './run-reactions.ts';
import { InProcessTransport } from '../transports/in-process.ts';

const userRegistered = defineEvent('user.registered', { schema: z.object({ userId: z.string() }) });
const greet = defineJob({ queue: 'reactions', name: 'greet', schema: z.object({ userId: z.string() }) });
const count = defineJob({
  queue: 'reactions',
  name: 'count',
  schema: z.object({ userId: z.string(), drawn: z.number() }),
  retention: { completed: 0 },
});
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

describe.each(engineCases)('reactions on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let engine: Engine;
  let client: Client;
  let bus: Bus;
  let facts: Facts;

  beforeEach(async () => {
    fixture = await open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    await engine.migrate();
    const url = fixture.url.startsWith('redis') ? { redis: fixture.url } : { postgres: fixture.url };
    client = connect({ ...url, namespace: fixture.namespace });
    facts = new Facts();
    bus = new Bus({ events: [userRegistered], transport: new InProcessTransport(), facts });
  });
  afterEach(async () => {
    await bus.close();
    await client.close();
    await engine.close();
    await fixture.cleanup();
  });

  const start = (...reactions: readonly Reaction[]) =>
    runReactions(bus, client, defineApp({ jobs: [greet, count], handlers: [], reactions }));

  test('an event that is delivered twice enqueues once, and the jobs name it as their cause', async () => {
    await start(
      react(userRegistered, 'welcome', ({ payload }) => [
        greet({ userId: payload.userId }),
        greet({ userId: 'another' }),
        // What looks at the clock differs in a repeat; it is the same job all the same.
        count({ userId: payload.userId, drawn: Math.random() }),
      ]),
    );
    const options = { id: 'event-1', correlationId: 'request-1', userId: 'u-1', timestamp: new Date() };
    await bus.publishAndWait(userRegistered({ userId: 'u-1' }, options));
    const queue = await engine.queue('reactions');
    const first = await queue.getJobs(['waiting', 'prioritized']);
    expect(first.map(({ name }) => name).toSorted()).toEqual(['count', 'greet', 'greet']);
    for (const job of first) {
      expect(readMeta(job.opts.telemetry?.metadata)).toMatchObject({
        correlationId: 'request-1',
        causationId: 'event-1',
        userId: 'u-1',
        traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-/),
      });
    }
    await bus.publishAndWait(userRegistered({ userId: 'u-1' }, options));
    const second = await queue.getJobs(['waiting', 'prioritized']);
    expect(second.map(({ id }) => id).toSorted()).toEqual(first.map(({ id }) => id).toSorted());
    await bus.publishAndWait(userRegistered({ userId: 'u-1' }, { ...options, id: 'event-2' }));
    await expect(queue.getJobCountByTypes('waiting', 'prioritized')).resolves.toBe(6);
  });

  test('it enqueues once also when the job was done and forgotten before the repeat', async () => {
    await start(react(userRegistered, 'tally', ({ payload }) => [count({ userId: payload.userId, drawn: 1 })]));
    const event = userRegistered({ userId: 'u-1' }, { id: 'event-1', timestamp: new Date() });
    await bus.publishAndWait(event);
    const workers = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const turns = await workers.turns('reactions');
    const now = workers.clock.now();
    const take = { tokens: ['token'], worker: 'w', lockMs: 60_000, maxBytes: 1_000_000 };
    const { jobs } = await turns.turn({ id: 'take', now, ends: [], take });
    const ends = jobs.map(({ id: jobId, token, opts }): End => {
      const key = keyEndOf(opts, 'succeeded');
      return { jobId, token, end: { what: 'succeeded', result: 'null', keep: { count: 0 }, key } };
    });
    await turns.turn({ id: 'settle', now, ends, take: undefined });
    await workers.close();
    const queue = await engine.queue('reactions');
    await expect(queue.getJobCounts()).resolves.toMatchObject({ completed: 0, prioritized: 0 });
    await bus.publishAndWait(event);
    await expect(queue.getJobCounts()).resolves.toMatchObject({ prioritized: 0, waiting: 0 });
  });

  test('two reactions to one event are two subscriptions, and one that fails does not hold up the other', async () => {
    await start(
      react(userRegistered, 'broken', () => {
        throw new Error('broken');
      }),
      react(userRegistered, 'sound', ({ payload }) => [greet({ userId: payload.userId })]),
    );
    const failed = facts.next('event.failed');
    await bus.publish(userRegistered({ userId: 'u' }));
    await expect(failed).resolves.toMatchObject({ subscription: 'reaction.broken' });
    const queue = await engine.queue('reactions');
    await waitFor('the job', async () => (await queue.getJobCountByTypes('waiting', 'prioritized')) === 1);
  });

  test('what is no job is refused, and names the reaction', async () => {
    // @ts-expect-error an event is no job
    await start(react(userRegistered, 'confused', ({ payload }) => [userRegistered(payload)]));
    await expect(bus.publishAndWait(userRegistered({ userId: 'u' }))).rejects.toThrow('reaction.confused');
  });

  test('an event of a trace leads to jobs of that trace', async () => {
    await start(react(userRegistered, 'welcome', ({ payload }) => [greet(payload)]));
    const text = {
      specversion: '1.0',
      id: 'e',
      source: 'elsewhere',
      type: 'user.registered',
      time: new Date(),
      traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
      data: { userId: 'u' },
    };
    const head = { id: 'e', type: 'user.registered', timestamp: new Date(), correlationId: 'e' };
    await bus.forward({ ...head, text: JSON.stringify(text) });
    const queue = await engine.queue('reactions');
    const [job] = await waitFor('the job', async () => {
      const jobs = await queue.getJobs(['waiting', 'prioritized']);
      return jobs.length > 0 && jobs;
    });
    expect(readMeta(job?.opts.telemetry?.metadata).traceparent).toContain(TRACE_ID);
  });
});

test('jobs and events are told apart by the compiler', () => {
  expectTypeOf(userRegistered({ userId: 'u' })).not.toExtend<JobRequest>();
  expectTypeOf(greet({ userId: 'u' })).not.toExtend<EventRequest>();
});
