import { UnrecoverableError } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  cancel,
  dead,
  defineJob,
  retryAfter,
  snooze,
  JobCancelledError,
  JobTimeoutError,
} from '../../contracts/index.ts';
import { DeliveryError, fixed } from '../../resilience/index.ts';
import { JobDeadError } from './job-dead-error.ts';
import { classifyReturn, classifyThrow } from './classify.ts';

const contract = defineJob({
  queue: 'email',
  name: 'greet',
  schema: z.unknown(),
  retry: { attempts: 3, backoff: fixed('2s') },
});
const first = { attempt: 1, attempts: 3, startedAt: 1_000, now: Date.now };
const last = { attempt: 3, attempts: 3, startedAt: 1_000, now: Date.now };

describe('classifyReturn', () => {
  test('a value is a result', () => {
    expect(classifyReturn(contract, { sent: true }, first)).toEqual({ kind: 'succeeded', result: { sent: true } });
    expect(classifyReturn(contract, undefined, first)).toEqual({ kind: 'succeeded', result: undefined });
    const result = { kind: 'decision', what: 'delivered', id: 7 };
    expect(classifyReturn(contract, result, first)).toEqual({ kind: 'succeeded', result });
  });

  test('an outcome is taken at its word', () => {
    expect(classifyReturn(contract, snooze('1m', 'later'), first)).toMatchObject({ kind: 'snoozed', untilMs: 61_000 });
    expect(classifyReturn(contract, cancel('not wanted'), first)).toEqual({ kind: 'cancelled', reason: 'not wanted' });
    expect(classifyReturn(contract, dead('no such order'), first)).toMatchObject({
      kind: 'dead',
      reason: 'said-by-handler',
    });
  });

  test('a snooze spends no attempt, also on the last one', () => {
    expect(classifyReturn(contract, snooze('1m', 'later'), last)).toMatchObject({ kind: 'snoozed' });
  });

  test('retryAfter waits at least as long as it says, and ends with the attempts', () => {
    const outcome = classifyReturn(contract, retryAfter('10s', 'busy'), first);
    expect(outcome.kind === 'retry' && outcome.afterMs).toBeGreaterThanOrEqual(10_000);
    expect(classifyReturn(contract, retryAfter('10s', 'busy'), last)).toMatchObject({
      kind: 'dead',
      reason: 'attempts-exhausted',
    });
  });
});

describe('classifyThrow', () => {
  test('an effect in doubt is tried again, or held for a person where the contract says so', () => {
    const silent = new DeliveryError('unknown', 'the line went dead');
    expect(classifyThrow(contract, silent, first)).toMatchObject({ kind: 'retry' });
    const held = defineJob({ queue: 'email', name: 'charge', schema: z.unknown(), onDoubt: 'hold' });
    expect(classifyThrow(held, silent, first)).toEqual({ kind: 'dead', reason: 'in-doubt', error: silent });
  });

  test('a deadline that passed leaves the same doubt', () => {
    const late = new JobTimeoutError('charge', 30_000);
    expect(classifyThrow(contract, late, first)).toMatchObject({ kind: 'retry' });
    const held = defineJob({ queue: 'email', name: 'charge', schema: z.unknown(), onDoubt: 'hold' });
    expect(classifyThrow(held, late, first)).toEqual({ kind: 'dead', reason: 'in-doubt', error: late });
    expect(classifyThrow(held, new Error('refused'), first)).toMatchObject({ kind: 'retry' });
  });

  test('anything unknown is a failed attempt, retried by the contract', () => {
    expect(classifyThrow(contract, new Error('no'), first)).toMatchObject({ kind: 'retry', afterMs: 2_000 });
  });

  test('the last attempt makes a dead letter', () => {
    expect(classifyThrow(contract, new Error('no'), last)).toMatchObject({
      kind: 'dead',
      reason: 'attempts-exhausted',
    });
  });

  test('outcomes may be thrown', () => {
    expect(classifyThrow(contract, cancel('gone'), first)).toMatchObject({ kind: 'cancelled' });
    expect(classifyThrow(contract, new JobCancelledError('gone'), first)).toMatchObject({ kind: 'cancelled' });
    expect(classifyThrow(contract, new JobDeadError('never'), first)).toMatchObject({
      kind: 'dead',
      reason: 'said-by-handler',
    });
  });

  test('a job that is cancelled without a text for a reason is cancelled', () => {
    const outcome = classifyThrow(contract, new JobCancelledError(undefined as unknown as string), first);
    expect(outcome).toEqual({ kind: 'cancelled', reason: 'undefined' });
  });

  test("BullMQ's UnrecoverableError is dead at once, also one of a kind of its own or of another copy of BullMQ", () => {
    class NoSuchUser extends UnrecoverableError {}
    const copied = Object.assign(new Error('no such user'), { name: 'UnrecoverableError' });
    for (const error of [new UnrecoverableError('no'), new NoSuchUser('no'), copied]) {
      expect(classifyThrow(contract, error, first)).toEqual({ kind: 'dead', reason: 'said-by-handler', error });
    }
  });

  test('what a client calls permanent is dead at once', () => {
    const error = new DeliveryError('permanent', 'the mailbox does not exist');
    expect(classifyThrow(contract, error, first)).toMatchObject({ kind: 'dead', reason: 'permanent', error });
  });

  test('a wait that the far side asked for is kept', () => {
    const error = new DeliveryError('transient', 'slow down', { retryAfterMs: 60_000 });
    const outcome = classifyThrow(contract, error, first);
    expect(outcome.kind === 'retry' && outcome.afterMs).toBeGreaterThanOrEqual(60_000);
    expect(outcome.kind === 'retry' && outcome.afterMs).toBeLessThanOrEqual(65_000);
  });

  test.each([0, 1, 1_999])("a wait of %s ms is shorter than the contract's own, which counts", retryAfterMs => {
    const error = new DeliveryError('transient', 'come back at once', { retryAfterMs });
    const outcome = classifyThrow(contract, error, first);
    expect(outcome.kind === 'retry' && outcome.afterMs).toBeGreaterThanOrEqual(2_000);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -5])('a wait of %s is none: the backoff counts', retryAfterMs => {
    const error = new DeliveryError('transient', 'slow down', { retryAfterMs });
    expect(classifyThrow(contract, error, first)).toMatchObject({ kind: 'retry', afterMs: 2_000 });
  });

  test('nobody is waited for longer than a year', () => {
    const error = new DeliveryError('transient', 'slow down', { retryAfterMs: 1e20 });
    const outcome = classifyThrow(contract, error, first);
    expect(outcome.kind === 'retry' && outcome.afterMs).toBeLessThanOrEqual(365 * 86_400_000 + 5_000);
  });

  test.each([['a text'], [null], [undefined], [7n], [Symbol('s')], [circular()], [{ toJSON: () => raise() }]])(
    'a handler that throws %s is recorded and retried',
    thrown => {
      const outcome = classifyThrow(contract, thrown, first);
      expect(outcome).toMatchObject({ kind: 'retry' });
      expect(outcome.kind === 'retry' && outcome.error).toBeInstanceOf(Error);
    },
  );

  test('what cannot even be looked at, thrown or returned, is a failed attempt', () => {
    const traps = { get: raise, has: raise, getPrototypeOf: raise };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const hostile of [proxy, new Proxy({}, traps), new Proxy(new Error('x'), traps)]) {
      expect(classifyThrow(contract, hostile, first)).toMatchObject({ kind: 'retry' });
      expect(classifyReturn(contract, hostile, first)).toMatchObject({ kind: 'retry' });
    }
  });
});

function circular(): object {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}

function raise(): never {
  throw new Error('toJSON');
}
