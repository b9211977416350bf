import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../contracts/index.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import { QueueUnavailableError } from './store/queue-unavailable-error.ts';
import { createIdSource } from '../time/index.ts';
import { connect, jobIdOf } from './index.ts';

const work = defineJob({ queue: 'email', name: 'work', schema: z.object({}) });
const id = jobIdOf('email', createIdSource().next());

// Nothing listens there: what is refused at the edge never comes so far.
const client = connect({ redis: 'redis://127.0.0.1:1' });
afterAll(() => client.close());

describe('what callers in plain JavaScript give', () => {
  /** As such a caller does it: nobody has looked at the types. */
  const call = (method: string, ...given: readonly unknown[]): Promise<unknown> =>
    Promise.resolve(Reflect.apply(Reflect.get(client, method), client, given));

  test.each([
    ['no contract', 'enqueue', [undefined, {}], 'a contract of defineJob, got undefined'],
    ['what is no contract', 'enqueue', ['work', {}], 'a contract of defineJob, got string'],
    ['options that are null', 'enqueue', [work, {}, null], 'Expected options for "work"'],
    ['no list', 'enqueueMany', [undefined], 'a list of requests, got undefined'],
    ['a request without a contract', 'enqueueMany', [[work({}), {}]], 'request 1'],
    ['a contract in place of a request', 'enqueueMany', [[work]], 'request 0'],
    ['a cancel of nothing', 'cancel', [undefined], 'the id of a job to be a text, got undefined'],
    ['a cancel without a reason', 'cancel', [id, { reason: null }], 'reason to be a text, got null'],
    ['a cancel by nobody', 'cancel', [id, { by: 7 }], 'by to be a text, got number'],
    ['a cancel with null', 'cancel', [id, null], '{ reason, by }, got null'],
    ['no id', 'job', [undefined], 'the id of a job to be a text, got undefined'],
  ])('is refused by name: %s', async (_what, method, given, named) => {
    const error: unknown = await call(method, ...given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error).toMatchObject({ message: expect.stringContaining(named) });
  });
});

test('options that connect does not know are refused, and said to be meant otherwise', () => {
  // @ts-expect-error an address is a text
  expect(() => connect({ redis: 5 })).toThrow('Expected redis of connect() to be a text, got number.');
  // @ts-expect-error rediss is no option
  expect(() => connect({ rediss: 'redis://127.0.0.1:1' })).toThrow(
    'Expected no option "rediss" of connect(). Did you mean "redis"?',
  );
});

test('who cancels a job or looks one up during an outage is not told to enqueue again', async () => {
  for (const call of [() => client.cancel(id), () => client.job(id)]) {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    if (!(error instanceof QueueUnavailableError)) throw error;
    expect(error.message).toMatch(/ask again/);
    expect(error.message).not.toMatch(/enqueue|acknowledge/);
  }
});
