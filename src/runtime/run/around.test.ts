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
