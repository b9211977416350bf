import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryCase, type MemoryCase } from '../../../tests/support/memory-case.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { DeliveryError, type FailureKind, CLOSED } from '../../resilience/index.ts';
import { MemoryStateStore, openState } from '../../state/index.ts';
import { CallTrial } from './call-trial.contract-suite.ts';
import { pausedUntil } from './destination-state.ts';
import { pausedOutcome } from './pausing.ts';
import { DESTINATIONS, SharedBreaker } from './shared-breaker.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

test('a job that is told to wait without end spends its attempts at last', () => {
  const busy = { what: 'busy', quietMs: 1_000 } as const;
  const error = new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 1 });
  const retry = { kind: 'retry', afterMs: 10, error } as const;
  const state = { breaker: CLOSED, quietUntil: NOW + 1_000 };
  const ended = { name: 'a.example', state, at: NOW };
  expect(pausedOutcome(retry, busy, { ...ended, waited: 19 }).kind).toBe('snoozed');
  expect(pausedOutcome(retry, busy, { ...ended, waited: 20 })).toBe(retry);
  const dead = { kind: 'dead', reason: 'attempts-exhausted', error } as const;
  expect(pausedOutcome(dead, busy, { ...ended, waited: 20 })).toBe(dead);
});

test("a far side that asks for a short pause does not shorten the contract's own", () => {
  const error = new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 1 });
  const state = { breaker: CLOSED, quietUntil: NOW + 1_000 };
  const retry = { kind: 'retry', afterMs: 3_600_000, error } as const;
  const ended = { name: 'a.example', state, waited: 0, at: NOW };
  const outcome = pausedOutcome(retry, { what: 'busy', quietMs: 1_000 }, ended);
  expect(outcome).toMatchObject({ kind: 'snoozed', untilMs: NOW + 3_600_000 });
});

test('a call whose end is noted after an outage of the shared state does not judge the circuit that others have opened meanwhile', async () => {
  let now = NOW;
  const clock = (): number => now;
  /** As a worker's: what is asked while the engine is away is answered when it is back. */
  class Away extends MemoryStateStore {
    readonly back = Promise.withResolvers<void>();
    override async get(...asked: Parameters<MemoryStateStore['get']>) {
      await this.back.promise;
      return super.get(...asked);
    }
  }
  const store = new Away(clock);
  const policy = { failures: 1, withinMs: 30_000, pauseMs: 60_000, maxPauseMs: 300_000, probes: 1 };
  const breaker = new SharedBreaker(store, clock);
  const probe = breaker.note('a', policy, { what: 'well' }, { beganAt: NOW - 10, endedAt: NOW, probes: true });
  now += 15_000;
  const isOpen = { breaker: { phase: 'open', until: now + 60_000, openings: 2, changedAt: now }, quietUntil: 0 };
  await store.set(DESTINATIONS, 'a', isOpen, 60_000);
  store.back.resolve();
  const { before, after } = await probe;
  expect(before.breaker).toMatchObject({ phase: 'open', openings: 2 });
  expect(after).toBe(before);
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
  const mostWithin = (ms: number): number => {
    const times = trial.calls.filter(({ host }) => host === 'a.example').map(({ at }) => at);
    return Math.max(...times.map(at => times.filter(other => other > at - ms && other <= at).length));
  };

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
    expect(trial.calls.filter(({ host }) => host === 'a.example').map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(mostWithin(400)).toBe(2);
  });

  test("the queue's own rate is one case of it", async () => {
    await start({ concurrency: 10, rate: { max: 1, per: '150ms' } });
    await succeeded(await trial.enqueue('a.example', 1, 2, 3));
    expect(trial.calls).toHaveLength(3);
    expect(mostWithin(150)).toBe(1);
  });

  test('no more run at once for a destination than it may, and all run', async () => {
    await start({ concurrency: 10, destinations: { concurrency: 2 } });
    const most = trial.mostAtOnce(2);
    await succeeded(await trial.enqueue('a.example', 1, 2, 3, 4, 5));
    expect(most()).toBe(2);
  });

  test('what waits for its destination is not started: no attempt, no fact, no log line', async () => {
    await start({ concurrency: 10, destinations: { concurrency: 1 } });
    const gate = Promise.withResolvers<void>();
    trial.during = () => gate.promise;
    const [first = ''] = await trial.enqueue('a.example', 1);
    await waitFor('the first to run', () => trial.calls.length === 1);
    const said: string[] = [];
    for (const name of ['job.started', 'job.snoozed', 'job.handed-back'] as const)
      trial.facts.on(name, ({ fields }) => said.push(fields.jobId));
    const [other = ''] = await trial.enqueue('a.example', 2);
    const [free = ''] = await trial.enqueue('b.example', 3);
    await waitFor('the one behind it to run', () => said.includes(free));
    expect(said).not.toContain(other);
    expect(await trial.client.job(other)).toMatchObject({ state: 'waiting', attemptsMade: 0, startedAt: undefined });
    gate.resolve();
    await succeeded([first, other, free]);
    expect(trial.calls.map(({ n }) => n)).toEqual([1, 3, 2]);
  });

  test('a job of another program is decided by its destination, too', async () => {
    await start({ concurrency: 10, destinations: { concurrency: 1 } });
    const most = trial.mostAtOnce(1);
    const queue = await trial.engine.queue('calls');
    const foreign = await Promise.all([1, 2].map(n => queue.add('call', { host: 'a.example', n })));
    await succeeded(await trial.enqueue('a.example', 3, 4));
    await waitFor('those of the other program', async () => {
      const states = await Promise.all(foreign.map(job => job.getState()));
      return states.every(state => state === 'completed');
    });
    expect(most()).toBe(1);
  });

  test('a failure of a call that was begun before the circuit opened does not prolong the pause', async () => {
    await start({ concurrency: 10, destinations: { breaker: { failures: 1, pause: '1h', maxPause: '4h' } } });
    const store = await openState(trial.engine);
    const breaker = new SharedBreaker(store, () => fixture.clock.now());
    // Another process opens the circuit, and has not paused the group yet.
    const policy = { failures: 1, withinMs: 1_000, pauseMs: 3_600_000, maxPauseMs: 14_400_000, probes: 1 };
    const now = fixture.clock.now() + 1;
    const call = { beganAt: now, endedAt: now, probes: false };
    await breaker.note('calls/a.example', policy, { what: 'failed' }, call);
    trial.sick = sick('transient');
    // It is put off once, for an hour: who listens only afterwards may have missed it.
    const snoozed = trial.facts.next('job.snoozed');
    const [late] = await trial.enqueue('a.example', 1);
    expect(await snoozed).toMatchObject({ jobId: late, reason: expect.stringMatching(/paused/) });
    expect(trial.calls).toHaveLength(1);
    // What the other process has not come to say is said now.
    const [pause] = await (await trial.engine.turns('calls')).pauses();
    expect(pause).toMatchObject({ group: 'destination/a.example', by: 'breaker', probes: true });
    const [hold] = await store.list(DESTINATIONS);
    expect(hold?.value).toMatchObject({ breaker: { phase: 'open', openings: 1 } });
  });

  test('what is shared about a destination from before the clock went back puts off no job, and is not written again', async () => {
    await start({ concurrency: 10, destinations: { breaker: { failures: 1, pause: '1m', maxPause: '5m' } } });
    const breaker = new SharedBreaker(await openState(trial.engine), () => fixture.clock.now());
    const policy = { failures: 1, withinMs: 1_000, pauseMs: 60_000, maxPauseMs: 300_000, probes: 1 };
    const ahead = NOW + 365 * 86_400_000;
    const at = (time: number, probes = false) => ({ beganAt: time, endedAt: time, probes });
    const busy = { what: 'busy', quietMs: 60_000 } as const;
    await breaker.note('calls/a.example', policy, busy, at(ahead));
    const { after: quiet } = await breaker.note('calls/a.example', policy, busy, at(NOW));
    expect(pausedUntil(quiet)).toBe(NOW + 60_000);
    await breaker.note('calls/b.example', policy, { what: 'failed' }, at(ahead));
    const { after: open } = await breaker.note('calls/b.example', policy, { what: 'failed' }, at(NOW));
    expect(pausedUntil(open)).toBeLessThanOrEqual(fixture.clock.now());
  });
});
