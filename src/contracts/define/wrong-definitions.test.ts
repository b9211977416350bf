import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, defineResource, defineSchedule, handle } from '../index.ts';

const schema = z.object({ to: z.string() });
const base = { queue: 'q', name: 'n', schema } as const;
const letter = defineJob(base);
const monthly = { name: 'monthly', job: letter, data: { to: 'ada' }, every: '1d' } as const;

describe('what is no definition', () => {
  test.each<[string, () => unknown, string]>([
    // @ts-expect-error a definition is an object
    ['a job of null', () => defineJob(null), 'Expected defineJob({ queue, name, schema }), got null.'],
    // @ts-expect-error a definition is an object
    ['an app of nothing', () => defineApp(), 'Expected defineApp({ jobs, handlers }), got undefined.'],
    // @ts-expect-error a definition is an object
    ['a schedule of null', () => defineSchedule(null), 'Expected defineSchedule({ name, job, data, cron }), got null.'],
    ['a schedule of a thousand years', () => defineSchedule({ ...monthly, every: '365000d' }), 'to be at most 36500d'],
    // @ts-expect-error a definition is an object
    ['an event of a text', () => defineEvent('user.moved', 'x'), 'Expected defineEvent("user.moved", { schema })'],
    // @ts-expect-error a definition is an object
    ['a resource of nothing', () => defineResource(), 'Expected defineResource({ name, configure, open })'],
    // @ts-expect-error a contract has been defined
    ['a handler of a name', () => handle('n', () => undefined), 'with what defineJob() has made, got string'],
    // @ts-expect-error a list of paths
    ['sensitive as a text', () => defineJob({ ...base, sensitive: 'to' }), 'expected sensitive to be a list of fields'],
    // @ts-expect-error the schema has no such field
    ['a sensitive number', () => defineJob({ ...base, sensitive: [7] }), 'each of sensitive to be the path of a field'],
    [
      'retention.forget as a text',
      // @ts-expect-error a list of paths
      () => defineJob({ ...base, retention: { forget: 'to' } }),
      'expected retention.forget to be a list of fields',
    ],
    [
      'a backoff that is a number',
      // @ts-expect-error a backoff has been made by exponential or fixed
      () => defineJob({ ...base, retry: { attempts: 2, backoff: 500 } }),
      "expected retry.backoff to be what exponential({ from, to }) or fixed('10s') answers",
    ],
    [
      'a debounce of no time',
      () => defineJob({ ...base, key: { of: ({ to }) => [to], keep: 'last', maxWait: 0 } }),
      'key.maxWait to be longer than 0',
    ],
    [
      'a job that is none',
      // @ts-expect-error a list of contracts
      () => defineApp({ jobs: [base], handlers: [] }),
      'expected jobs[0] to be what defineJob() has made, got object',
    ],
    [
      'a handler that is a function',
      // @ts-expect-error a list of what handle() has made
      () => defineApp({ jobs: [letter], handlers: [() => undefined] }),
      'expected handlers[0] to be what handle() has made, got function',
    ],
    [
      'one middleware in no list',
      // @ts-expect-error a list
      () => defineApp({ jobs: [letter], handlers: [], use: () => undefined }),
      'use is a function, expected a list',
    ],
    [
      'a schedule that is none',
      // @ts-expect-error a list of what defineSchedule() has made
      () => defineApp({ jobs: [letter], handlers: [], schedules: [monthly] }),
      'expected schedules[0] to be what defineSchedule() has made, got object',
    ],
    [
      'a schedule without its job',
      // @ts-expect-error a schedule has a job
      () => defineSchedule({ ...monthly, job: undefined }),
      'schedule "monthly": expected job to be what defineJob() has made',
    ],
    [
      'a schedule of data that does not fit',
      // @ts-expect-error the contract says what its data is
      () => defineSchedule({ ...monthly, data: { to: 7 } }),
      'expected data that fits its job: The data for "n" does not fit its schema: to:',
    ],
    [
      'a schedule with options that are none',
      // @ts-expect-error there is no such option
      () => defineSchedule({ ...monthly, options: { prioritty: 'high' } }),
      'options: unknown option "prioritty". Did you mean "priority"?',
    ],
    [
      'a schedule without a name',
      // @ts-expect-error a schedule has a name
      () => defineSchedule({ ...monthly, name: undefined }),
      'expected a name of lower-case words',
    ],
  ])('is refused, and says what was expected: %s', (_, define, said) => {
    expect(define).toThrow(expect.objectContaining({ code: 'INVALID_CONTRACT' }));
    expect(define).toThrow(said);
  });
});
