import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as shiftwork from '../../src/index.ts';
import * as eventStore from '../../src/event-store/index.ts';
import * as events from '../../src/events/index.ts';
import * as http from '../../src/http/index.ts';
import * as outbox from '../../src/outbox/index.ts';
import * as testing from '../../src/testing/index.ts';

const { defineApp, defineEvent, defineJob, defineResource, defineSchedule, handle, react } = shiftwork;
const schema = z.object({ to: z.string() });
const letter = defineJob({ queue: 'q', name: 'n', schema });
const moved = defineEvent('user.moved', { schema });

const circular: Record<string, unknown> = {};
circular['self'] = circular;
/** What plain JavaScript, or a cast, gives in the place of anything. */
const ANYTHING: readonly unknown[] = [
  undefined,
  null,
  true,
  Number.NaN,
  -1,
  0.5,
  1e308,
  Infinity,
  '',
  'x'.repeat(100_000),
  'a\u0000b',
  '\ud800',
  '__proto__',
  7n,
  Symbol('s'),
  new Date(Number.NaN),
  new Map([['a', 1]]),
  [],
  [null],
  {},
  circular,
  Object.freeze({ nope: 1 }),
  Object.create(null),
  () => undefined,
  async () => Promise.reject(new Error('nobody waits for me')),
  Promise.resolve(1),
  class {
    x = 1;
  },
];

type Loose = (...given: readonly unknown[]) => unknown;
/** As plain JavaScript sees a function. */
const loose = (made: unknown): Loose => made as Loose;
const maker =
  (made: unknown): Loose =>
  (...given) =>
    Reflect.construct(made as new () => unknown, given);

/** What none of ours was thrown for, each with what was given; empty where all was taken or refused by an error that says so. */
async function failures(call: Loose, given: readonly unknown[] = ANYTHING): Promise<readonly string[]> {
  const found: string[] = [];
  for (const value of given) {
    try {
      await call(value);
    } catch (error) {
      if (!(error instanceof shiftwork.ShiftworkError))
        found.push(`${Object.prototype.toString.call(value)}: ${error}`);
    }
  }
  return found;
}

const PARTS: readonly [what: string, define: (part: object) => unknown, parts: readonly string[]][] = [
  [
    'defineJob',
    part => loose(defineJob)({ queue: 'q', name: 'n', schema, ...part }),
    (
      'queue name schema retry timeout expiresAfter key sensitive version upgrade tags publicTags publicFields startWithin stuckAfter result ' +
      'resultFor progress limits encrypt chunk onDead onDoubt priority retention destination'
    ).split(' '),
  ],
  [
    'the retry of a job',
    retry => defineJob({ queue: 'q', name: 'n', schema, retry: { attempts: 2, ...retry } }),
    ['attempts', 'backoff'],
  ],
  [
    'the key of a job',
    key => loose(defineJob)({ queue: 'q', name: 'n', schema, key: { of: () => ['k'], ...key } }),
    ['of', 'keep', 'for', 'maxWait'],
  ],
  [
    'the limits of a job',
    limit => loose(defineJob)({ queue: 'q', name: 'n', schema, limits: [{ concurrency: 1, ...limit }] }),
    ['name', 'by', 'concurrency', 'rate', 'order', 'fair'],
  ],
  [
    'defineApp',
    part => loose(defineApp)({ jobs: [letter], handlers: [handle(letter, () => undefined)], ...part }),
    ['jobs', 'handlers', 'queues', 'events', 'reactions', 'schedules', 'use', 'plugins'],
  ],
  [
    'a queue',
    queue => defineApp({ jobs: [letter], handlers: [], queues: { q: queue } }),
    ['concurrency', 'totalConcurrency', 'rate', 'limits', 'destinations', 'lock', 'slotGroup'],
  ],
  [
    'defineSchedule',
    part => loose(defineSchedule)({ name: 's', job: letter, data: { to: 'x' }, every: '1h', ...part }),
    ['name', 'job', 'data', 'cron', 'every', 'timeZone', 'missed', 'overlap', 'options'],
  ],
  ['defineEvent', part => loose(defineEvent)('user.moved', { schema, ...part }), ['schema', 'version', 'sensitive']],
  [
    'defineResource',
    part => loose(defineResource)({ name: 'r', configure: () => 1, open: () => 1, ...part }),
    ['name', 'configure', 'open', 'close', 'migrate'],
  ],
  [
    'retry()',
    part => loose(shiftwork.retry)(() => 1, part),
    ['maxAttempts', 'baseDelay', 'maxDelay', 'deadline', 'retryable', 'signal'],
  ],
  [
    'a circuit breaker',
    part => maker(shiftwork.CircuitBreaker)({ name: 'x', ...part }),
    ['name', 'failures', 'withinMs', 'pauseMs', 'maxPauseMs', 'probes', 'timeoutMs', 'counts'],
  ],
  [
    'defineProjection',
    part =>
      loose(eventStore.defineProjection)({
        name: 'p',
        shape: 1,
        events: [moved],
        tables: '',
        project: () => 1,
        ...part,
      }),
    ['name', 'shape', 'events', 'tables', 'project', 'onPoison', 'attempts', 'onUnknown', 'rebuildable', 'startAt'],
  ],
];

describe('whatever stands in the place of a part', () => {
  test.each(PARTS)('of %s is taken or refused by an error that says so', async (_, define, parts) => {
    for (const part of parts) {
      expect({ part, failures: await failures(value => define({ [part]: value })) }).toEqual({ part, failures: [] });
    }
  });

  test.each<[string, Loose]>([
    ['defineApp', loose(defineApp)],
    ['defineJob', loose(defineJob)],
    ['defineEvent', loose(defineEvent)],
    ['a payload of an event', given => loose(defineEvent)('user.moved', given)],
    ['defineSchedule', loose(defineSchedule)],
    ['defineResource', loose(defineResource)],
    ['handle', loose(handle)],
    ['the work of a handler', given => loose(handle)(letter, given)],
    ['the needs of a handler', given => loose(handle)(letter, given, () => undefined)],
    ['react', given => loose(react)(given, 'n', () => [])],
    ['the name of a reaction', given => loose(react)(moved, given, () => [])],
    ['the jobs of a reaction', given => loose(react)(moved, 'n', given)],
    ['parseJobId', loose(shiftwork.parseJobId)],
    ['dead', loose(shiftwork.dead)],
    ['cancel', loose(shiftwork.cancel)],
    ['snooze', loose(shiftwork.snooze)],
    ['retryAfter', loose(shiftwork.retryAfter)],
    ['exponential', loose(shiftwork.exponential)],
    ['fixed', loose(shiftwork.fixed)],
    ['a circuit breaker', maker(shiftwork.CircuitBreaker)],
    ['connect', loose(shiftwork.connect)],
    ['an outbox', maker(outbox.Outbox)],
    ['a relay', maker(outbox.Relay)],
    ['an event store', maker(eventStore.EventStore)],
    ['a repository', maker(eventStore.Repository)],
    ['projections', maker(eventStore.Projections)],
    ['defineProjection', loose(eventStore.defineProjection)],
    ['defineDecider', loose(eventStore.defineDecider)],
    ['defineEventStore', loose(eventStore.defineEventStore)],
    ['forwardEvents', loose(eventStore.forwardEvents)],
    ['a bus', maker(events.Bus)],
    ['an emitter', maker(events.Emitter)],
    ['streams', maker(events.RedisStreamsTransport)],
    ['pub/sub', maker(events.RedisPubSubTransport)],
    ['RabbitMQ', loose(events.openRabbitMq)],
    ['in process', maker(events.InProcessTransport)],
    ['the door', loose(http.createHttpApi)],
    ['live jobs', loose(http.jobEvents)],
    ['runHandler', loose(testing.runHandler)],
    ['createTestApp', loose(testing.createTestApp)],
  ])('given to %s alone is taken or refused by an error that says so', async (_, call) => {
    expect(await failures(call)).toEqual([]);
  });

  test('is no call that retry() could make', async () => {
    await expect(loose(shiftwork.retry)('not a function')).rejects.toThrow(
      'Expected retry(call, options) to get a function to call, got string.',
    );
  });
});

describe('a word that means nothing, or a number for an object of options', () => {
  test.each<[string, () => unknown, string]>([
    [
      'retry',
      () => loose(defineJob)({ queue: 'q', name: 'n', schema, retry: 3 }),
      'retry to be { attempts, backoff }, got 3',
    ],
    ['retention', () => loose(defineJob)({ queue: 'q', name: 'n', schema, retention: '7d' }), 'got "7d"'],
    ['queues', () => loose(defineApp)({ jobs: [], handlers: [], queues: new Map() }), 'expected queues as { NAME:'],
    ['a queue', () => loose(defineApp)({ jobs: [letter], handlers: [], queues: { q: 5 } }), 'got 5'],
    [
      'a breaker',
      () =>
        loose(defineApp)({
          jobs: [letter],
          handlers: [],
          queues: { q: { destinations: { breaker: { failure: 1 } } } },
        }),
      'Did you mean "failures"?',
    ],
    ['a resource', () => loose(defineResource)({ name: 'r', configure: () => 1 }), 'expected open to be a function'],
    ['an exponential backoff', () => loose(shiftwork.exponential)({ from: 1, to: 2, max: 3 }), 'got "max"'],
    ['a circuit breaker', () => maker(shiftwork.CircuitBreaker)({ name: 'x', threshold: 3 }), 'got "threshold"'],
    ['an outbox', () => maker(outbox.Outbox)({ namespce: 'x' }), 'Did you mean "namespace"?'],
    ['a bus', () => maker(events.Bus)({ events: [], trasport: {} }), 'Did you mean "transport"?'],
    [
      'a bus without events',
      () => maker(events.Bus)({ transport: {} }),
      'Expected events of the options of a Bus to be a list',
    ],
    ['streams', () => maker(events.RedisStreamsTransport)({ uri: 'redis://x' }), 'got "uri"'],
    [
      'a projection',
      () =>
        loose(eventStore.defineProjection)({
          name: 'p',
          shape: 1,
          events: [moved],
          tables: '',
          project: () => 1,
          onPoison: 'Park',
        }),
      'expected onPoison to be "stop" or "park", got "Park"',
    ],
  ])('is refused: %s', (_, call, said) => {
    expect(call).toThrow(shiftwork.ShiftworkError);
    expect(call).toThrow(said);
  });

  test('is refused by retry(), as a promise', async () => {
    await expect(loose(shiftwork.retry)(() => 1, { attempts: 3 })).rejects.toThrow(
      'got "attempts". Did you mean "maxAttempts"?',
    );
  });
});
