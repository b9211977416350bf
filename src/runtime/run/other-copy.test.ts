import { beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineJob, snooze } from '../../contracts/index.ts';
import { isShiftworkError } from '../../errors/index.ts';
import { DeliveryError, fixed } from '../../resilience/index.ts';
import { findingOf } from '../destinations/pausing.ts';
import { classifyReturn, classifyThrow } from './classify.ts';

const contract = defineJob({
  queue: 'email',
  name: 'greet',
  schema: z.unknown(),
  onDoubt: 'hold',
  retry: { attempts: 3, backoff: fixed('2s') },
});
const first = { attempt: 1, attempts: 3, startedAt: 1_000, now: Date.now };

async function loadAll() {
  return {
    ...(await import('../../contracts/index.ts')),
    ...(await import('../../resilience/index.ts')),
    ...(await import('../../state/index.ts')),
    ...(await import('./job-dead-error.ts')),
  };
}

let copy: Awaited<ReturnType<typeof loadAll>>;

/** As when npm has put two copies of the package into one program: every class is there twice. */
beforeAll(async () => {
  vi.resetModules();
  copy = await loadAll();
});

describe('what a handler throws from another copy of the package', () => {
  test('is another class, and one of ours', () => {
    const error = new copy.DeliveryError('permanent', 'no such mailbox');
    expect(error).not.toBeInstanceOf(DeliveryError);
    expect(isShiftworkError(error)).toBe(true);
    expect(isShiftworkError(Object.assign(new Error('x'), { code: 'DELIVERY_FAILED' }))).toBe(false);
  });

  test('a delivery that failed for good ends the job', () => {
    const error = new copy.DeliveryError('permanent', 'no such mailbox');
    expect(classifyThrow(contract, error, first)).toMatchObject({ kind: 'dead', reason: 'permanent' });
  });

  test('a pause that the far side asked for is kept', () => {
    const error = new copy.DeliveryError('transient', 'busy', { retryAfterMs: 60_000, busy: true });
    const outcome = classifyThrow(contract, error, first);
    expect(outcome).toMatchObject({ kind: 'retry' });
    expect(outcome.kind === 'retry' && outcome.afterMs).toBeGreaterThanOrEqual(60_000);
    expect(findingOf(outcome)).toEqual({ what: 'busy', quietMs: 60_000 });
  });

  test('a far side that refuses everything is down, and one that leaves doubt leaves it', () => {
    const down = new copy.DeliveryError('destination-down', 'refused the credentials');
    expect(findingOf(classifyThrow(contract, down, first))).toEqual({ what: 'down' });
    const doubt = new copy.DeliveryError('unknown', 'the connection was lost');
    expect(classifyThrow(contract, doubt, first)).toMatchObject({ kind: 'dead', reason: 'in-doubt' });
  });

  test('what it says itself counts: dead, cancelled, in doubt, in progress, an outcome', () => {
    expect(classifyThrow(contract, new copy.JobDeadError('no'), first)).toMatchObject({ reason: 'said-by-handler' });
    expect(classifyThrow(contract, new copy.JobCancelledError('not wanted'), first)).toEqual({
      kind: 'cancelled',
      reason: 'not wanted',
    });
    expect(classifyThrow(contract, new copy.EffectInDoubtError('greet'), first)).toMatchObject({ reason: 'in-doubt' });
    expect(classifyThrow(contract, new copy.EffectInProgressError('greet', 9_000), first)).toMatchObject({
      kind: 'snoozed',
    });
    expect(copy.snooze).not.toBe(snooze);
    expect(classifyReturn(contract, copy.snooze('1m', 'later'), first)).toMatchObject({ kind: 'snoozed' });
  });

  test('one that only looks like it is any error', () => {
    const lookalike = Object.assign(new Error('x'), { code: 'DELIVERY_FAILED', failure: 'perhaps' });
    expect(classifyThrow(contract, lookalike, first)).toMatchObject({ kind: 'retry' });
  });
});
