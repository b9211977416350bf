import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, type QueueDefinition } from '../../contracts/index.ts';
import { DeliveryError, type FailureKind, CLOSED, fixed } from '../../resilience/index.ts';
import { openState } from '../../state/index.ts';
import { held } from './holding.ts';
import { Places } from './places.ts';
import { HOLDS, SharedBreaker } from './shared-breaker.ts';

const call = defineJob({
  queue: 'calls',
  name: 'call',
  schema: z.object({ host: z.string(), n: z.number() }),
  retry: { attempts: 3, backoff: fixed('10ms') },
  destination: ({ host }) => host,
});

interface Call {
  readonly host: string;
  readonly n: number;
  readonly at: number;
}

test('a job that is told to wait without end spends its attempts at last', () => {
  const busy = { what: 'busy', quietMs: 1_000 } as const;
  const error = new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 1 });
  const retry = { kind: 'retry', afterMs: 10, error } as const;
  const destination = { queue: 'calls', name: 'a.example', key: 'calls/a.example' };
  const hold = { breaker: CLOSED, quietUntil: Date.now() + 1_000 };
  const ended = { destination, hold, at: Date.now() };
  expect(held(retry, busy, { ...ended, waited: 19 }).kind).toBe('snoozed');
  expect(held(retry, busy, { ...ended, waited: 20 })).toBe(retry);
  const dead = { kind: 'dead', reason: 'attempts-exhausted', error } as const;
  expect(held(dead, busy, { ...ended, waited: 20 })).toBe(dead);
});

test("a far side that asks for a short pause does not shorten the contract's own", () => {
  const error = new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 1 });
  const destination = { queue: 'calls', name: 'a.example', key: 'calls/a.example' };
  const hold = { breaker: CLOSED, quietUntil: Date.now() + 1_000 };
  const retry = { kind: 'retry', afterMs: 3_600_000, error } as const;
  const before = Date.now();
  const ended = { destination, hold, waited: 0, at: before };
  const outcome = held(retry, { what: 'busy', quietMs: 1_000 }, ended);
  expect(outcome.kind === 'snoozed' && outcome.untilMs).toBeGreaterThanOrEqual(before + 3_600_000);
});

describe.each(engineCases)('destinations on $kind', engineCase => {
  let app: RunningApp;
  let calls: Call[];
  let during: () => Promise<void>;
  let sick: ReadonlyMap<string, FailureKind>;

  async function start(queue: QueueDefinition): Promise<void> {
    calls = [];
    sick = new Map();
    during = async () => undefined;
    const work = handle(call, async ({ host, n }) => {
      calls.push({ host, n, at: Date.now() });
      const failure = sick.get(host);
      await during();
      if (failure !== undefined) throw new DeliveryError(failure, `${host} is sick`, { destination: host });
    });
    app = await runApp(engineCase, defineApp({ jobs: [call], handlers: [work], queues: { calls: queue } }));
  }
  afterEach(() => app.stop());

  const enqueue = (host: string, ...numbers: number[]) => app.client.enqueueMany(numbers.map(n => call({ host, n })));
  const succeeded = (ids: readonly string[]) =>
    waitFor('the jobs to succeed', async () => {
      const views = await Promise.all(ids.map(id => app.client.job(id)));
      return views.every(view => view?.state === 'succeeded') && views;
    });
  /** Calls that came before their turns in a line that moves at that pace since then; later than its turn any may be. */
  const early = (made: readonly Call[], since: number, intervalMs: number): readonly number[] =>
    made
      .map(({ at }) => at - since)
      .toSorted((a, b) => a - b)
      .filter((after, index) => after < index * intervalMs);

  test('a sick destination is held: few attempts are spent, none is used up, others go on, and all run when it is well', async () => {
    await start({ concurrency: 1, destinations: { breaker: { failures: 3, pause: '1s', probes: 2 } } });
    sick = new Map([['a.example', 'transient']]);
    const opened = app.facts.next('breaker.opened');
    const waiting = await enqueue('a.example', 1, 2, 3, 4, 5, 6, 7, 8);
    expect(await opened).toMatchObject({ queue: 'calls', destination: 'a.example', openings: 1 });
    const callsWhenOpened = calls.length;
    const others = await enqueue('b.example', 1, 2, 3);
    await succeeded(others.map(({ id }) => id));
    sick = new Map();
    const closed = await app.facts.next('breaker.closed');
    expect(closed).toMatchObject({ destination: 'a.example' });
    const views = await succeeded(waiting.map(({ id }) => id));
    // Those that opened it have spent theirs; nobody else has, and nobody twice.
    const spent = views.reduce((sum, view) => sum + (view?.attemptsMade ?? 0) - 1, 0);
    expect(spent).toBeLessThan(3);
    expect(callsWhenOpened).toBe(3);
  });

  test('credentials that are refused hold the destination at the first failure', async () => {
    await start({ concurrency: 1, destinations: { breaker: { pause: '1h', maxPause: '1h' } } });
    sick = new Map([['a.example', 'destination-down']]);
    const opened = app.facts.next('breaker.opened');
    const snoozed = app.facts.next('job.snoozed');
    const [first] = await enqueue('a.example', 1, 2, 3);
    await opened;
    await snoozed;
    await waitFor('all to wait', async () => (await app.client.job(first?.id ?? ''))?.state === 'delayed');
    expect((await app.client.job(first?.id ?? ''))?.attemptsMade).toBe(0);
    expect(calls).toHaveLength(1);
  });

  test('a far side that asks for a pause again and again costs no attempts and ends no job', async () => {
    await start({ concurrency: 1 });
    // More often than the job has attempts; a pause of nothing is one of a second.
    let refusals = 4;
    during = async () => {
      if (refusals === 0) return;
      refusals -= 1;
      throw new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 0 });
    };
    const [one] = await enqueue('a.example', 1);
    const [view] = await succeeded([one?.id ?? '']);
    expect(view?.attemptsMade).toBe(1);
    expect(calls).toHaveLength(5);
    const times = calls.map(({ at }) => at);
    expect(times.slice(1).every((at, index) => at - (times[index] ?? at) >= 1_000)).toBe(true);
  });

  test('what the far side refuses for good is not held against it', async () => {
    await start({ concurrency: 1, destinations: { breaker: { failures: 1 } } });
    sick = new Map([['a.example', 'permanent']]);
    const ids = (await enqueue('a.example', 1, 2, 3)).map(({ id }) => id);
    await waitFor('the jobs to die', async () => {
      const views = await Promise.all(ids.map(id => app.client.job(id)));
      return views.every(view => view?.state === 'dead');
    });
    expect(calls).toHaveLength(3);
  });

  test('the rate of a destination spaces its jobs, in order, and no other destination waits', async () => {
    await start({ concurrency: 10, destinations: { rate: { max: 2, per: '400ms' } } });
    const since = Date.now();
    const slow = await enqueue('a.example', 1, 2, 3, 4, 5, 6);
    const other = await enqueue('b.example', 1);
    await succeeded(other.map(({ id }) => id));
    const views = await succeeded(slow.map(({ id }) => id));
    expect(views.map(view => view?.attemptsMade)).toEqual([1, 1, 1, 1, 1, 1]);
    // A job wakes some time after its turn, so neighbours may be nearer to each other than the pace.
    const made = calls.filter(({ host }) => host === 'a.example');
    expect(made).toHaveLength(6);
    expect(early(made, since, 200)).toEqual([]);
  });

  test('no more run at once for a destination than it may, in all workers, and all run', async () => {
    await start({ concurrency: 10, destinations: { concurrency: 2 } });
    let most = 0;
    let now = 0;
    during = async () => {
      most = Math.max(most, (now += 1));
      // However slowly they are taken: none ends before as many run as may.
      await waitFor('both places to be taken', () => most >= 2);
      await pause(30);
      now -= 1;
    };
    const jobs = await enqueue('a.example', 1, 2, 3, 4, 5);
    await succeeded(jobs.map(({ id }) => id));
    expect(most).toBe(2);
  });

  test('a job that comes back from a process that is gone has its place still, and others none', async () => {
    await start({ concurrency: 10, destinations: { concurrency: 1 } });
    const store = await openState(app.engine);
    const began = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    during = () => {
      began.resolve();
      return gate.promise;
    };
    const [first] = await enqueue('a.example', 1);
    await began.promise;
    const snoozed = app.facts.next('job.snoozed');
    const [other] = await enqueue('a.example', 2);
    expect(await snoozed).toMatchObject({ jobId: other?.id });
    // As a process does that dies: the place stays taken, for the job's deadline and more.
    const [place] = await store.list('slot');
    expect(place).toMatchObject({ name: 'calls/a.example#0', value: { jobId: first?.id } });
    const places = new Places(store, 'slot');
    expect(await places.take(['calls/a.example#0'], other?.id ?? '', 60_000)).toBeUndefined();
    const giveBack = await places.take(['calls/a.example#0'], first?.id ?? '', 60_000);
    expect(giveBack).toBeDefined();
    gate.resolve();
    await succeeded([first?.id ?? '']);
    // The late one must not give away what is another run's by now.
    expect(await store.list('slot')).toHaveLength(1);
    await giveBack?.();
    await succeeded([other?.id ?? '']);
  });

  test('a failure of a call that was begun before the circuit opened does not prolong the pause', async () => {
    await start({ concurrency: 10, destinations: { breaker: { failures: 1, pause: '1h', maxPause: '4h' } } });
    const store = await openState(app.engine);
    const breaker = new SharedBreaker(store);
    await enqueue('a.example', 0);
    await waitFor('a look that is trusted for a while', () => calls.length === 1);
    // Another process opens the circuit; this one has not heard of it yet.
    const now = Date.now();
    const policy = { failures: 1, withinMs: 1_000, pauseMs: 3_600_000, maxPauseMs: 14_400_000, probes: 1 };
    await breaker.note('calls/a.example', policy, { what: 'failed' }, { beganAt: now, endedAt: now });
    sick = new Map([['a.example', 'transient']]);
    // It is put off once, for an hour: who listens only afterwards may have missed it.
    const snoozed = app.facts.next('job.snoozed');
    const [late] = await enqueue('a.example', 1);
    expect(await snoozed).toMatchObject({ jobId: late?.id, reason: expect.stringMatching(/held/) });
    const [hold] = await store.list(HOLDS);
    expect(hold?.value).toMatchObject({ breaker: { phase: 'open', openings: 1 } });
  });

  test("the queue's own rate is counted at admission too", async () => {
    await start({ concurrency: 10, rate: { max: 1, per: '150ms' } });
    const since = Date.now();
    const jobs = await enqueue('a.example', 1, 2, 3);
    await succeeded(jobs.map(({ id }) => id));
    expect(calls).toHaveLength(3);
    expect(early(calls, since, 150)).toEqual([]);
  });
});
