import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, snooze, type Middleware } from '../../contracts/index.ts';
import { runAround } from './around.ts';
import type { Outcome } from './outcome.ts';

const contract = defineJob({ queue: 'around', name: 'task', schema: z.unknown() });
const SUCCEEDED: Outcome = { kind: 'succeeded', result: undefined };
const FAILED: Outcome = { kind: 'dead', reason: 'attempts-exhausted', error: new Error('the middleware threw') };

/** A run whose handler ends when it is told to; what became of it is written down in its order. */
function setup(middleware: Middleware) {
  const log: string[] = [];
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  // What a middleware sees of the run is of no interest here.
  const around = { contract, data: null, run: {} } as never;
  const ended = runAround(
    [middleware],
    around,
    {} as never,
    () => promise,
    () => FAILED,
  ).then(outcome => {
    log.push('settled');
    return outcome;
  });
  const end = (): void => {
    log.push('the handler ends');
    resolve(SUCCEEDED);
  };
  return { log, ended, end };
}

describe('a middleware that ends the run while its handler works', () => {
  test.each<[string, Middleware, Outcome['kind']]>([
    [
      'by an error',
      (_, next) => {
        void next();
        throw new Error('too slow');
      },
      'dead',
    ],
    [
      'by a decision',
      async (_, next) => {
        void next();
        return snooze('5s', 'not now');
      },
      'snoozed',
    ],
  ])('%s: it is settled when the handler has ended, and not before', async (_, middleware, kind) => {
    const { log, ended, end } = setup(middleware);
    await new Promise(setImmediate);
    expect(log).toEqual([]);
    end();
    expect(await ended).toMatchObject({ kind });
    expect(log).toEqual(['the handler ends', 'settled']);
  });
});

describe('what a middleware answers', () => {
  const info = { attempt: 1, attempts: 1, startedAt: 0, now: () => 0 };
  const run = (middleware: Middleware, inner: () => Promise<Outcome> = async () => SUCCEEDED, its = contract) =>
    runAround([middleware], { contract: its, data: null, run: {} } as never, info as never, inner, error => ({
      kind: 'dead',
      reason: 'attempts-exhausted',
      error: error as Error,
    }));

  test('next() that is called after it has ended the run runs no handler', async () => {
    let called = false;
    const later = Promise.withResolvers<() => Promise<Outcome>>();
    await run(
      (_, next) => {
        later.resolve(next);
        return snooze('5s', 'not now');
      },
      async () => ((called = true), SUCCEEDED),
    );
    expect(await (await later.promise)()).toMatchObject({
      kind: 'dead',
      error: { message: expect.stringContaining('next() was called') as string },
    });
    expect(called).toBe(false);
  });

  test('a result of its own is looked at as one of the handler', async () => {
    const promised = defineJob({ queue: 'around', name: 'sum', schema: z.unknown(), result: z.number() });
    const own =
      (result: unknown): Middleware =>
      () => ({ kind: 'succeeded', result });
    expect(await run(own(5), undefined, promised as never)).toEqual({ kind: 'succeeded', result: 5 });
    const refused = await run(own('five'), undefined, promised as never);
    expect(refused).toMatchObject({ kind: 'dead', error: { code: 'RESULT_INVALID' } });
  });

  test.each([
    ['a death without an error', { kind: 'dead', reason: 'permanent' }],
    ['a retry without a time', { kind: 'retry', error: new Error('x') }],
    ['a snooze until no time', { kind: 'snoozed', untilMs: Number.NaN, reason: 'x', alarm: false }],
    ['a cancel without a reason', { kind: 'cancelled' }],
    ['something else', 'done'],
  ])('%s fails the attempt, and says what to answer', async (_, answer) => {
    // As from plain JavaScript.
    expect(await run(() => answer as never)).toMatchObject({
      kind: 'dead',
      error: { message: expect.stringContaining('return what next() answers, or a decision') as string },
    });
  });
});
