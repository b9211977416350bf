import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineJob, retryAfter, snooze, type Handler, type Run } from '../../contracts/index.ts';
import { DeliveryError } from '../../resilience/index.ts';
import { currentCause } from '../../tracing/index.ts';
import { greet, oneRun, takenJob, type OneRunParts } from './one-run.contract-suite.ts';
import type { Outcome } from './outcome.ts';
import { perform } from './perform.ts';
import type { RunContext } from './run-context.ts';

describe('perform', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Begun; `ended` is what it came to. */
  function begin(handler: Handler['perform'], parts: Omit<OneRunParts, 'perform'> = {}) {
    const given = oneRun({ ...parts, perform: handler });
    const ended: Promise<Outcome> = perform(given.run, given.assignment, given.job.data);
    const [running] = given.at.running;
    return { ...given, ended, running };
  }
  const never = (): Promise<never> => new Promise(() => undefined);
  const sleep = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms));
  /** Ends with this when it is told to stop. */
  const whenStopped =
    (end: () => ReturnType<Handler['perform']>) =>
    (_data: unknown, { signal }: Run): Promise<Awaited<ReturnType<Handler['perform']>>> =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => void (async () => end())().then(resolve, reject));
      });

  test.each<[string, Handler['perform'], unknown]>([
    ['returned', () => 5, 5],
    ['returned later', async () => ({ sent: true }), { sent: true }],
    [
      'returned by a thenable of its own',
      // oxlint-disable-next-line unicorn/no-thenable
      () => ({ then: (resolve: (value: string) => void) => resolve('yes') }),
      'yes',
    ],
    ['nothing', () => undefined, undefined],
  ])('a run succeeds with what its handler returned (%s)', async (_, handler, result) => {
    const { ended, at } = begin(handler);
    expect(await ended).toEqual({ kind: 'succeeded', result });
    expect(at.running.size).toBe(0);
  });

  test.each<[string, Handler['perform']]>([
    [
      'at once',
      () => {
        throw new Error('no');
      },
    ],
    ['later', () => Promise.reject(new Error('no'))],
  ])('a run whose handler throws %s has failed, and keeps no slot', async (_, handler) => {
    const { ended, at } = begin(handler);
    expect(await ended).toMatchObject({ kind: 'retry', afterMs: 10_000, error: { message: 'no' } });
    expect(at.running.size).toBe(0);
  });

  test('a run past its deadline has failed although its handler goes on, and whoever may replace the process is told', async () => {
    const stuck = vi.fn<(run: RunContext) => void>();
    const { ended, run, at } = begin(never, { at: { onStuck: stuck } });
    await vi.advanceTimersByTimeAsync(2_200);
    expect(await ended).toMatchObject({ kind: 'retry', error: { code: 'JOB_TIMEOUT' } });
    expect(at.running.size).toBe(0);
    expect(stuck).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(stuck).toHaveBeenCalledExactlyOnceWith(run);
  });

  test.each<[string, () => ReturnType<Handler['perform']>]>([
    ['returns', () => 'sent'],
    ['throws', () => Promise.reject(new Error('no'))],
  ])('a handler that %s soon after a cancel that it does not heed is no stuck one', async (_, end) => {
    const stuck = vi.fn<() => void>();
    const handler = async (): Promise<Awaited<ReturnType<Handler['perform']>>> => {
      await sleep(1_000);
      return end();
    };
    const { ended, running } = begin(handler, { at: { onStuck: stuck } });
    running?.cancel('they moved');
    await vi.advanceTimersByTimeAsync(60_000);
    await ended;
    expect(stuck).not.toHaveBeenCalled();
  });

  test('a handler that goes on after a cancel is stuck', async () => {
    const stuck = vi.fn<() => void>();
    const { ended, running } = begin(never, { at: { onStuck: stuck } });
    running?.cancel('they moved');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await ended).toEqual({ kind: 'cancelled', reason: 'they moved' });
    expect(stuck).toHaveBeenCalledTimes(1);
  });

  test.each<[string, () => ReturnType<Handler['perform']>]>([
    ['returns', () => snooze('1h', 'later')],
    ['throws', () => Promise.reject(new Error('late'))],
  ])('a handler that %s after its deadline changes nothing, and nobody is told that it is stuck', async (_, end) => {
    const stuck = vi.fn<() => void>();
    const { ended } = begin(whenStopped(end), { at: { onStuck: stuck } });
    await vi.advanceTimersByTimeAsync(2_200);
    expect(await ended).toMatchObject({ kind: 'retry', error: { code: 'JOB_TIMEOUT' } });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stuck).not.toHaveBeenCalled();
  });

  test.each<[string, () => ReturnType<Handler['perform']>]>([
    ['throws', () => Promise.reject(new Error('told to stop'))],
    ['snoozes', () => snooze('1d', 'told to stop')],
    ['asks for another try', () => retryAfter('10s', 'told to stop')],
  ])('a run that %s because its host stops goes back; one that is not wanted any more is cancelled', async (_, end) => {
    const shutdown = begin(whenStopped(end));
    shutdown.running?.abort('shutdown');
    expect(await shutdown.ended).toEqual({ kind: 'handed-back' });
    const unwanted = begin(whenStopped(end));
    unwanted.running?.cancel('they moved');
    expect(await unwanted.ended).toEqual({ kind: 'cancelled', reason: 'they moved' });
  });

  test('what was done is done, also by a run that was told to stop', async () => {
    for (const stop of ['shutdown', 'cancel'] as const) {
      const { ended, running } = begin(whenStopped(() => 'sent'));
      if (stop === 'cancel') running?.cancel('they moved');
      else running?.abort('shutdown');
      expect(await ended).toEqual({ kind: 'succeeded', result: 'sent' });
    }
  });

  test('a handler that ignores that it is not wanted is left behind after five seconds, one that ignores a stop when it is given up', async () => {
    const unwanted = begin(never, { contract: defineJob({ queue: 'email', name: 'long', schema: z.unknown() }) });
    unwanted.running?.cancel('they moved');
    await vi.advanceTimersByTimeAsync(4_900);
    expect(unwanted.at.running.size).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(await unwanted.ended).toEqual({ kind: 'cancelled', reason: 'they moved' });
    const stopped = begin(never);
    stopped.running?.giveUp('shutdown');
    expect(await stopped.ended).toEqual({ kind: 'handed-back' });
  });

  test('a run that has lost its lock is neither: it has failed as it says', async () => {
    const { ended, running } = begin(whenStopped(() => Promise.reject(new Error('somebody else has it'))));
    running?.abort('lock lost');
    expect(await ended).toMatchObject({ kind: 'retry', error: { message: 'somebody else has it' } });
  });

  test('a run that stops while nobody knows whether its effect happened waits for a person where its contract says so', async () => {
    const charge = defineJob({ queue: 'email', name: 'charge', schema: z.unknown(), onDoubt: 'hold' });
    const doubt = whenStopped(() => Promise.reject(new DeliveryError('unknown', 'The answer did not come.')));
    const held = begin(doubt, { contract: charge });
    held.running?.abort('shutdown');
    expect(await held.ended).toMatchObject({ kind: 'dead', reason: 'in-doubt' });
    const again = begin(doubt);
    again.running?.abort('shutdown');
    expect(await again.ended).toEqual({ kind: 'handed-back' });
  });

  test('what a handler enqueues names its job as the cause, and effects have its id: as unlike those of other queues as of other jobs', async () => {
    const metadata = '{"v":2,"c":"request-1","u":"ada"}';
    const job = takenJob({ opts: { telemetry: { metadata } } });
    const { ended } = begin((_, { effectId }) => ({ ...currentCause(), effectId }), { job });
    expect(await ended).toMatchObject({
      kind: 'succeeded',
      // Another program's id.
      result: { causationId: 'email/email-1', effectId: 'email/email-1', correlationId: 'request-1' },
    });
  });

  test('its begin is stated with how long the job has waited', async () => {
    const given = oneRun({ contract: greet });
    const started = given.facts.next('job.started');
    await perform(given.run, given.assignment, given.job.data);
    expect(await started).toMatchObject({ jobId: 'email-1', attempt: 1, worker: 'worker-1', waitedMs: 1_000 });
  });
});
