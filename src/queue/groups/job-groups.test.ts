import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, type LimitDefinition } from '../../contracts/index.ts';
import { KeyedDigests } from '../../secrets/index.ts';
import { createIdSource } from '../../time/index.ts';
import { check, finish } from '../prepare/prepare.ts';
import { InvalidGroupError } from './invalid-group-error.ts';
import { groupKeyIn } from './job-groups.ts';

const schema = z.object({ tenant: z.unknown() });
type Data = z.infer<typeof schema>;
const context = { ids: createIdSource(), cipher: undefined, traceparent: () => undefined };

const groupsOf = (limits: readonly LimitDefinition<Data>[], tenant: unknown): readonly string[] => {
  const contract = defineJob({ queue: 'mail', name: 'mail', schema, limits });
  const digests = new KeyedDigests('a secret of the test');
  return (
    finish(context, check(contract, { tenant }, undefined), { present: digests, previous: undefined }).options.groups ??
    []
  );
};
const by = (answer: (tenant: unknown) => unknown): readonly LimitDefinition<Data>[] => [
  // As plain JavaScript gives it.
  { name: 'tenant', by: ({ tenant }) => answer(tenant) as string, concurrency: 1 },
];

test.for([
  ['acme', 'tenant/acme'],
  [7, 'tenant/7'],
  [false, 'tenant/false'],
  ['', 'tenant/~'],
  ['ann@example.com', 'tenant/~'],
  ['a/b', 'tenant/~'],
] as const)('a job of %s is in %s', ([tenant, group]) => {
  const [found = ''] = groupsOf(
    by(given => given),
    tenant,
  );
  expect(found.replace(/~[\w-]{16}$/, '~')).toBe(group);
});

test('a limit without by has one group, another program’s groups are told apart by the name of the limit', () => {
  expect(groupsOf([{ concurrency: 1 }], 'any')).toEqual(['mail/']);
  expect(groupKeyIn(['mail/', 'tenants/b', 'tenant/a'], 'tenant')).toBe('a');
  expect(groupKeyIn(['mail/'], 'tenant')).toBeUndefined();
});

test('a job for which by answers nothing belongs to no group', () => {
  expect(
    groupsOf(
      by(() => undefined),
      'acme',
    ),
  ).toEqual([]);
});

const FAULTS: readonly (readonly [string, (tenant: unknown) => unknown, string])[] = [
  [
    'throws',
    () => {
      throw new RangeError('of Ann');
    },
    'throws RangeError',
  ],
  ['gives an object', () => ({ id: 1 }), 'gives an object'],
  ['gives null', () => null, 'gives null'],
  ['gives a promise', async () => 'acme', 'gives a promise'],
];

test.for(FAULTS)('nothing is queued where by %s, and the data is not in the message', ([, answer, found]) => {
  const call = () => groupsOf(by(answer), 'acme');
  expect(call).toThrow(InvalidGroupError);
  expect(call).toThrow(/limit "tenant" of the job "mail"/);
  expect(call).not.toThrow(/Ann/);
  expect(call).toThrow(found.replace('', ''));
});
