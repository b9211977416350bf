import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineJob, handle, react, type Reaction } from '../../src/contracts/index.ts';
import { Bus, InProcessTransport, reactNow } from '../../src/events/index.ts';
import { Outbox } from '../../src/outbox/index.ts';
import { connect } from '../../src/queue/index.ts';
import { recordingClient, runHandler } from '../../src/testing/index.ts';

// Nothing listens there, and no statement is sent: what is refused at the edge never comes so far.
const client = connect({ redis: 'redis://127.0.0.1:1' });
afterAll(() => client.close());
const outbox = new Outbox();
const tx = { query: () => Promise.reject(new Error('it was written')) };

/** Its schema takes everything that JSON cannot hold. */
const remind = defineJob({
  queue: 'email',
  name: 'remind',
  schema: z.object({
    to: z.string(),
    when: z.union([z.string(), z.date()]).optional(),
    more: z
      .object({
        list: z.array(z.any()).optional(),
        at: z.date().optional(),
        seen: z.set(z.string()).optional(),
        by: z.map(z.string(), z.int()).optional(),
        total: z.bigint().optional(),
        part: z.nan().optional(),
      })
      .optional(),
  }),
});
type Reminder = Parameters<typeof remind>[0];
const signed = defineEvent('user.signed', { schema: z.object({ userId: z.string() }) });

/** Every way by which data of a job comes in from code. The command line reads JSON, and goes by `enqueueMany`. */
const doors: readonly [string, (data: Reminder) => Promise<unknown>][] = [
  ['enqueue', data => client.enqueue(remind, data)],
  ['enqueueMany', data => client.enqueueMany([remind({ to: 'ada' }), remind(data)])],
  [
    'enqueueFrom, which schedules and the bus use',
    data => client.enqueueFrom({ id: 'x', at: new Date() }, [remind(data)]),
  ],
  [
    'a reaction at once',
    data => reactNow(client, signed({ userId: 'u' }), [react(signed, 'remind-them', () => [remind(data)])]),
  ],
  ['the outbox', data => outbox.enqueue(tx, remind, data)],
  [
    'a reaction in the outbox',
    data =>
      outbox.publish(tx, signed({ userId: 'u' }), { reactions: [react(signed, 'remind-them', () => [remind(data)])] }),
  ],
  ['the recorder', data => recordingClient().enqueue(remind, data)],
  ['the recorder, many', data => recordingClient().enqueueMany([remind(data)])],
  [
    'the handler in a test',
    data =>
      runHandler(
        handle(remind, () => undefined),
        data,
      ),
  ],
];
const to = 'ada';
const refused: readonly [string, Reminder, string][] = [
  ['a date in a union', { to, when: new Date(0) }, 'when: is a Date'],
  ['a date, nested and optional', { to, more: { at: new Date(0) } }, 'more.at: is a Date'],
  ['a set', { to, more: { seen: new Set(['x']) } }, 'more.seen: is a Set'],
  ['a map', { to, more: { by: new Map([['x', 1]]) } }, 'more.by: is a Map'],
  ['a bigint', { to, more: { total: 1n } }, 'more.total: is a bigint'],
  ['NaN', { to, more: { part: Number.NaN } }, 'more.part: is NaN'],
  ['bytes in a list', { to, more: { list: [1, new Uint8Array(1)] } }, 'more.list.1: is bytes'],
  ['an undefined in a list', { to, more: { list: [undefined] } }, 'more.list.0: is undefined'],
];

describe.each(doors)('%s', (_, enqueue) => {
  test.each(refused)('refuses %s, with its path', async (_what, data, why) => {
    await expect(enqueue(data)).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringContaining(why),
    });
  });
});

describe('a schema that answers with a promise is refused as a contract that cannot work', () => {
  const late = z.object({ to: z.string().refine(async () => true) });
  const job = defineJob({ queue: 'email', name: 'late', schema: late });
  const event = defineEvent('mail.delayed', { schema: late });
  const bus = new Bus({ events: [event], transport: new InProcessTransport() });
  const data = { to: 'ada' };
  const at = new Date();
  const later = (): Reaction => react(signed, 'later', () => [job(data)]);

  test.each<readonly [string, () => Promise<unknown>]>([
    ['enqueue', () => client.enqueue(job, data)],
    ['enqueueMany', () => client.enqueueMany([job(data)])],
    ['enqueueFrom', () => client.enqueueFrom({ id: 'x', at }, [job(data)])],
    ['a reaction at once', () => reactNow(client, signed({ userId: 'u' }), [later()])],
    ['the outbox', () => outbox.enqueue(tx, job, data)],
    ['a reaction in the outbox', () => outbox.publish(tx, signed({ userId: 'u' }), { reactions: [later()] })],
    ['an event in the outbox', () => outbox.publish(tx, event(data))],
    ['an event on the bus', () => bus.publish(event(data))],
    ['an event to react to at once', () => reactNow(client, event(data), [])],
    ['the recorder', () => recordingClient().enqueue(job, data)],
    [
      'the handler in a test',
      () =>
        runHandler(
          handle(job, () => undefined),
          data,
        ),
    ],
  ])('%s', async (_, call) => {
    await expect(call()).rejects.toMatchObject({
      code: 'INVALID_CONTRACT',
      message: expect.stringContaining('expected a schema that answers at once'),
    });
  });
});
