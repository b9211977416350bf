import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, type QueueDefinition } from '../define/define-app.ts';
import { defineJob } from '../define/define-job.ts';
import type { LimitDefinition } from './limits.ts';

const schema = z.object({ tenantId: z.string(), seats: z.number() });
type Data = z.infer<typeof schema>;

const anyTenant = (): string => 'a';
const jobWith = (name: string, limits: readonly LimitDefinition<Data>[]) =>
  defineJob({ queue: 'mail', name, schema, limits });
const appWith = (queue: QueueDefinition, ...jobs: ReturnType<typeof jobWith>[]) =>
  defineApp({ jobs, handlers: [], queues: { mail: queue } });
const namesIn = (app: ReturnType<typeof appWith>) => app.queues.get('mail')?.allLimits.map(({ name }) => name);

test('a limit is named as its contract where it has no name, whatever that name holds', () => {
  const [limit] = jobWith('mails/welcome', [{ by: ({ tenantId }) => tenantId, rate: { max: 5, per: '1m' } }]).limits;
  expect(limit).toMatchObject({ name: 'mails%2Fwelcome', concurrency: undefined, rate: { max: 5, perMs: 60_000 } });
});

test('all limits that hold in a queue are gathered: its own, its contracts’, its rate; one that two contracts name is one', () => {
  const tenant = { name: 'tenant', by: ({ tenantId }: Data) => tenantId, concurrency: 2 };
  const queue: QueueDefinition = {
    rate: { max: 10, per: '1s' },
    limits: [{ name: 'seats', by: (data: { seats: number }) => data.seats, concurrency: 1 }],
  };
  const jobs = [jobWith('a', [tenant]), jobWith('b', [tenant, { concurrency: 3 }])];
  expect(namesIn(appWith(queue, ...jobs))).toEqual(['', 'seats', 'tenant', 'b']);
  const other = jobWith('c', [{ ...tenant, concurrency: 3 }]);
  expect(() => appWith(queue, ...jobs, other)).toThrow(
    'the limits named "tenant" to have the same concurrency, rate, order and fairness',
  );
});

test('a concurrency of 1 is a strict order where whoever enqueues knows the groups; anybody may say otherwise', () => {
  const by = ({ tenantId }: Data) => tenantId;
  const [strict, wide, starts] = jobWith('a', [
    { name: 'one', by, concurrency: 1 },
    { name: 'two', by, concurrency: 2 },
    { name: 'three', by, concurrency: 1, order: 'starts' },
  ]).limits;
  expect([strict?.strict, wide?.strict, starts?.strict]).toEqual([true, false, false]);
  const ofQueue = (limit: object) =>
    appWith({ limits: [{ name: 'q', by, concurrency: 1, ...limit }] }, jobWith('b', []));
  expect(ofQueue({}).queues.get('mail')?.limits[0]?.strict).toBe(false);
  expect(() => ofQueue({ order: 'strict' })).toThrow('limits[0] without a strict order: whoever enqueues');
});

test.for([
  ['fairness of one group', { fair: true }, 'limits[0] to have a by: one group has nobody'],
  ['a weight that is no function', { by: anyTenant, fair: { weight: 3 } }, 'limits[0].fair to be true, or { weight'],
  ['fairness that is none', { by: anyTenant, fair: false }, 'limits[0].fair to be true, or { weight'],
  [
    'a number group by group without groups',
    { concurrency: () => 2 },
    'limits[0] to have a by: a function says numbers',
  ],
  ['an order of many', { concurrency: 2, order: 'strict' }, 'limits[0] to have a concurrency of 1'],
  [
    'an order that nobody knows',
    { concurrency: 1, order: 'fifo' },
    'limits[0].order to be "strict" or "starts", got "fifo"',
  ],
  ['none is 0', { concurrency: 0 }, 'limits[0].concurrency to be an integer >= 1, got 0'],
  ['none is a half', { concurrency: 1.5 }, 'integer >= 1, got 1.5'],
  [
    'a rate of 0',
    { rate: { max: 0, per: '1s' } },
    'limits[0].rate to be at least 1 per millisecond or longer, got 0 per 1000',
  ],
  ['a rate in no time', { rate: { max: 1, per: 0 } }, 'got 1 per 0 ms'],
  ['one that limits nothing', {}, 'limits[0] to have a concurrency or a rate, or to be fair'],
  ['a name that ends elsewhere', { name: 'a/b', concurrency: 1 }, 'limits[0].name to be 1 to 60 letters'],
  ['a name that is taken', { name: 'destination', concurrency: 1 }, 'neither "destination" nor "job"'],
  ['a word that means nothing', { concurency: 1 }, 'Did you mean "concurrency"?'],
  ['what is no function', { by: 'tenantId', concurrency: 1 }, 'limits[0].by to be a function of the data'],
] as const)('refused at definition: %s', ([, limit, part]) => {
  // As plain JavaScript gives it.
  expect(() => jobWith('wrong', [limit as LimitDefinition<Data>])).toThrow(part);
});

test('more limits than a job may have groups are refused, by the contract alone and together with its queue', () => {
  const many = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}`, concurrency: 1 }));
  expect(() => jobWith('wrong', many(8, 'l'))).toThrow('at most 7 limits, got 8');
  const of = many(5, 'q').map(limit => ({ ...limit, by: (data: Data) => data.tenantId }));
  expect(() => appWith({ limits: of }, jobWith('much', many(4, 'l')))).toThrow('at most 8 limits for one job');
});

test('groups take turns where a contract says so, by one limit; a queue cannot, as its producers do not know the groups', () => {
  const by = ({ tenantId }: Data) => tenantId;
  expect(jobWith('a', [{ name: 'tenant', by, fair: true }]).limits[0]).toMatchObject({ fair: {}, strict: false });
  expect(() =>
    jobWith('b', [
      { name: 'one', by, fair: true },
      { name: 'two', by, fair: { weight: () => 2 } },
    ]),
  ).toThrow('at most one of the limits to be fair');
  expect(() => appWith({ limits: [{ name: 'q', by, fair: true }] }, jobWith('c', []))).toThrow(
    'limits[0] without fair: whoever enqueues',
  );
});

test('a queue’s limit of all its jobs is its rate or totalConcurrency', () => {
  expect(() => appWith({ limits: [{ concurrency: 1 }] }, jobWith('any', []))).toThrow('to have a by');
});
