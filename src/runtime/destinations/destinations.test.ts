import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryCase, type MemoryCase } from '../../../tests/support/memory-case.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { DeliveryError, type FailureKind, CLOSED } from '../../resilience/index.ts';
import { openState } from '../../state/index.ts';
import { CallTrial } from './call-trial.contract-suite.ts';
import { pausedOutcome } from './pausing.ts';
import { Slots } from './slots.ts';
import { DESTINATIONS, SharedBreaker } from './shared-breaker.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

test('a job that is told to wait without end spends its attempts at last', () => {
  const busy = { what: 'busy', quietMs: 1_000 } as const;
  const error = new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 1 });
  const retry = { kind: 'retry', afterMs: 10, error } as const;
  const destination = { queue: 'calls', name: 'a.example', key: 'calls/a.example' };
  const state = { breaker: CLOSED, quietUntil: NOW + 1_000 };
  const ended = { destination, state, at: NOW };
  expect(pausedOutcome(retry, busy, { ...ended, waited: 19 }).kind).toBe('snoozed');
  expect(pausedOutcome(retry, busy, { ...ended, waited: 20 })).toBe(retry);
  const dead = { kind: 'dead', reason: 'attempts-exhausted', error } as const;
  expect(pausedOutcome(dead, busy, { ...ended, waited: 20 })).toBe(dead);
});

test("a far side that asks for a short pause does not shorten the contract's own", () => {
  const error = new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 1 });
  const destination = { queue: 'calls', name: 'a.example', key: 'calls/a.example' };
  const state = { breaker: CLOSED, quietUntil: NOW + 1_000 };
  const retry = { kind: 'retry', afterMs: 3_600_000, error } as const;
  const ended = { destination, state, waited: 0, at: NOW };
  const outcome = pausedOutcome(retry, { what: 'busy', quietMs: 1_000 }, ended);
  expect(outcome).toMatchObject({ kind: 'snoozed', untilMs: NOW + 3_600_000 });
});

describe('destinations', () => {
  let fixture: MemoryCase;
  let trial: CallTrial;

  beforeEach(() => {
    fixture = memoryCase(NOW);
  });
  afterEach(() => trial.close());

  const start = async (...queue: Parameters<CallTrial['start']>): Promise<void> => {
    trial = new CallTrial(fixture);
    await trial.start(...queue);
  };
  const sick = (kind: FailureKind) => new Map([['a.example', kind]]);
  const succeeded = (ids: readonly string[]) =>
    fixture.until('the jobs to succeed', async () => {
      const views = await Promise.all(ids.map(id => trial.client.job(id)));
      return views.every(view => view?.state === 'succeeded') && views;
    });
  /** Calls that came before their turns in a line that moves at that pace from the start; later than its turn any may be. */
  const early = (intervalMs: number): readonly number[] =>
    trial.calls
      .filter(({ host }) => host === 'a.example')
      .map(({ at }) => at - NOW)
      .toSorted((a, b) => a - b)
      .filter((after, index) => after < index * intervalMs);

  test('a sick destination is paused: few attempts are spent, none is used up, others go on, and all run when it is well', async () => {
    await start({ concurrency: 1, destinations: { breaker: { failures: 3, pause: '1s', probes: 2 } } });
    trial.sick = sick('transient');
    const opened = trial.facts.next('breaker.opened');
    const waiting = await trial.enqueue('a.example', 1, 2, 3, 4, 5, 6, 7, 8);
    expect(await opened).toMatchObject({ queue: 'calls', destination: 'a.example', openings: 1 });
    // No time has passed: nobody can have been let through again.
    expect(trial.calls).toHaveLength(3);
    const others = await trial.enqueue('b.example', 1, 2, 3);
    await succeeded(others);
    trial.sick = new Map();
    const closed = trial.facts.next('breaker.closed');
    const views = await succeeded(waiting);
    expect(await closed).toMatchObject({ destination: 'a.example' });
    // Those that opened it have spent theirs; nobody else has, and nobody twice.
    const spent = views.reduce((sum, view) => sum + (view?.attemptsMade ?? 0) - 1, 0);
    expect(spent).toBe(2);
  });

  test('a far side that asks for a pause again and again costs no attempts and ends no job', async () => {
    await start({ concurrency: 1 });
    // More often than the job has attempts; a pause of nothing is one of a second.
    let refusals = 4;
    trial.during = async () => {
      if (refusals === 0) return;
      refusals -= 1;
      throw new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 0 });
    };
    const [view] = await succeeded(await trial.enqueue('a.example', 1));
    expect(view?.attemptsMade).toBe(1);
    expect(trial.calls).toHaveLength(5);
    const times = trial.calls.map(({ at }) => at);
    expect(times.slice(1).every((at, index) => at - (times[index] ?? at) >= 1_000)).toBe(true);
  });

  test('what the far side refuses for good is not held against it', async () => {
    await start({ concurrency: 1, destinations: { breaker: { failures: 1 } } });
    trial.sick = sick('permanent');
    const ids = await trial.enqueue('a.example', 1, 2, 3);
    await waitFor('the jobs to die', async () => {
      const views = await Promise.all(ids.map(id => trial.client.job(id)));
      return views.every(view => view?.state === 'dead');
    });
    expect(trial.calls).toHaveLength(3);
  });

  test('the rate of a destination spaces its jobs, in order, and no other destination waits', async () => {
    await start({ concurrency: 10, destinations: { rate: { max: 2, per: '400ms' } } });
    const slow = await trial.enqueue('a.example', 1, 2, 3, 4, 5, 6);
    const [other = ''] = await trial.enqueue('b.example', 1);
    await waitFor(
      'the other, without any time passing',
      async () => (await trial.client.job(other))?.state === 'succeeded',
    );
    const views = await succeeded(slow);
    expect(views.map(view => view?.attemptsMade)).toEqual([1, 1, 1, 1, 1, 1]);
    // A job wakes some time after its turn, so neighbours may be nearer to each other than the pace.
    expect(trial.calls.filter(({ host }) => host === 'a.example')).toHaveLength(6);
    expect(early(200)).toEqual([]);
  });

  test("the queue's own rate is counted at admission too", async () => {
    await start({ concurrency: 10, rate: { max: 1, per: '150ms' } });
    await succeeded(await trial.enqueue('a.example', 1, 2, 3));
    expect(trial.calls).toHaveLength(3);
    expect(early(150)).toEqual([]);
  });

  test('no more run at once for a destination than it may, and all run', async () => {
    await start({ concurrency: 10, destinations: { concurrency: 2 } });
    const most = trial.mostAtOnce(2);
    await succeeded(await trial.enqueue('a.example', 1, 2, 3, 4, 5));
    expect(most()).toBe(2);
  });

  test('a job that comes back from a process that is gone has its slot still, and others none', async () => {
    await start({ concurrency: 10, destinations: { concurrency: 1 } });
    const store = await openState(trial.engine);
    const began = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    trial.during = () => {
      began.resolve();
      return gate.promise;
    };
    const [first = ''] = await trial.enqueue('a.example', 1);
    await began.promise;
    const snoozed = trial.facts.next('job.snoozed');
    const [other = ''] = await trial.enqueue('a.example', 2);
    expect(await snoozed).toMatchObject({ jobId: other });
    // As a process does that dies: the slot stays taken, for the job's deadline and more.
    const [taken] = await store.list('slot');
    expect(taken).toMatchObject({ name: 'calls/a.example#0', value: { jobId: first } });
    const slots = new Slots(store, 'slot');
    expect(await slots.take(['calls/a.example#0'], other, 60_000)).toBeUndefined();
    const giveBack = await slots.take(['calls/a.example#0'], first, 60_000);
    expect(giveBack).toBeDefined();
    gate.resolve();
    await succeeded([first]);
    // The late one must not give away what is another run's by now.
    expect(await store.list('slot')).toHaveLength(1);
    await giveBack?.();
    await succeeded([other]);
  });

  test('a failure of a call that was begun before the circuit opened does not prolong the pause', async () => {
    await start({ concurrency: 10, destinations: { breaker: { failures: 1, pause: '1h', maxPause: '4h' } } });
    const store = await openState(trial.engine);
    const breaker = new SharedBreaker(store);
    await trial.enqueue('a.example', 0);
    await waitFor('a look that is trusted for a while', () => trial.calls.length === 1);
    // Another process opens the circuit; this one has not heard of it yet, and does not ask again within that while.
    const policy = { failures: 1, withinMs: 1_000, pauseMs: 3_600_000, maxPauseMs: 14_400_000, probes: 1 };
    const now = fixture.clock.now() + 1;
    await breaker.note('calls/a.example', policy, { what: 'failed' }, { beganAt: now, endedAt: now });
    trial.sick = sick('transient');
    // It is put off once, for an hour: who listens only afterwards may have missed it.
    const snoozed = trial.facts.next('job.snoozed');
    const [late] = await trial.enqueue('a.example', 1);
    expect(await snoozed).toMatchObject({ jobId: late, reason: expect.stringMatching(/paused/) });
    expect(trial.calls).toHaveLength(2);
    const [hold] = await store.list(DESTINATIONS);
    expect(hold?.value).toMatchObject({ breaker: { phase: 'open', openings: 1 } });
  });
});
