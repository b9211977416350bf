import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, defineResource, defineSchedule, handle } from '../index.ts';

const job = defineJob({ queue: 'q', name: 'j', schema: z.object({}) });

test('every definition refuses what it does not know, and says what may have been meant', () => {
  // @ts-expect-error handler is no option
  expect(() => defineApp({ jobs: [job], handlers: [], handler: [] })).toThrow(
    'unknown option "handler". Did you mean "handlers"?',
  );
  // @ts-expect-error handlers are missing
  expect(() => defineApp({ jobs: [job], handlerz: [] })).toThrow(
    'unknown option "handlerz". Did you mean "handlers"?; handlers is missing, expected a list.',
  );
  expect(() =>
    // @ts-expect-error concurency is no option
    defineApp({ jobs: [job], handlers: [], queues: { q: { concurency: 5 } } }),
  ).toThrow('queue "q": unknown option "concurency". Did you mean "concurrency"?');
  // @ts-expect-error shema is no option
  expect(() => defineEvent('user.moved', { shema: z.object({}) })).toThrow(
    'event "user.moved": unknown option "shema". Did you mean "schema"?',
  );
  expect(() =>
    // @ts-expect-error timezone is no option
    defineSchedule({ name: 's', job, data: {}, cron: '0 9 * * *', timezone: 'Europe/Berlin' }),
  ).toThrow('Did you mean "timeZone"?');
  expect(() =>
    // @ts-expect-error opens is no option
    defineResource({ name: 'r', configure: () => undefined, open: () => 1, opens: () => 1 }),
  ).toThrow('resource "r": unknown option "opens". Did you mean "open"?');
  // @ts-expect-error a need is a resource
  expect(() => handle(job, { mailer: 'smtp' }, () => undefined)).toThrow('the need "mailer"');
});

test('a queue may be named like a member of every object', () => {
  const odd = defineJob({ queue: 'constructor', name: 'toString', schema: z.object({}) });
  expect(defineApp({ jobs: [odd], handlers: [] }).queues.get('constructor')?.concurrency).toBe(10);
});
