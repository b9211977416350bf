import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, type LimitDefinition } from '../../contracts/index.ts';
import type { GroupedOptions } from '../../engine/index.ts';
import { createIdSource } from '../../time/index.ts';
import { check, finish } from '../prepare/prepare.ts';
import { InvalidGroupError } from './invalid-group-error.ts';

const schema = z.object({ tenant: z.string() });
type Data = z.infer<typeof schema>;
const context = { ids: createIdSource(), cipher: undefined, traceparent: () => undefined };

function optionsWith(limit: Partial<LimitDefinition<Data>>, expiresAfter?: '1m'): Readonly<GroupedOptions> {
  const by = ({ tenant }: Data): string => tenant;
  const contract = defineJob({
    queue: 'mail',
    name: 'mail',
    schema,
    ...(expiresAfter !== undefined && { expiresAfter }),
    limits: [{ name: 'tenant', by, ...limit }],
  });
  return finish(context, check(contract, { tenant: 'acme' }, undefined), undefined).options;
}

test('a job says in whose line it stands, with the weight of its group and when it only ends', () => {
  expect(optionsWith({ fair: true })).toMatchObject({ groups: ['tenant/acme'], fair: { limit: 'tenant' } });
  const weight = (group: string): number => (group === 'acme' ? 4 : 1);
  expect(optionsWith({ fair: { weight } }, '1m').fair).toEqual({ limit: 'tenant', weight: 4, expiresMs: 60_000 });
  expect(optionsWith({ concurrency: 2 })).not.toHaveProperty('fair');
});

test('a job brings the numbers of its group where a function says them', () => {
  expect(optionsWith({ concurrency: () => 3 }).tiers).toEqual({ tenant: [3] });
  const both = optionsWith({ concurrency: 2, rate: group => ({ max: group.length, per: '1s' }) });
  expect(both.tiers?.['tenant']?.slice(0, 2)).toEqual([0, 4]);
  expect(optionsWith({ concurrency: 2 })).not.toHaveProperty('tiers');
});

const throwing = (): never => {
  throw new RangeError('of Ann');
};
// As plain JavaScript gives it.
const giving = (value: unknown) => (): never => value as never;

const FAULTS: readonly (readonly [string, Partial<LimitDefinition<Data>>, string, string])[] = [
  ['a weight of 0', { fair: { weight: () => 0 } }, 'the weight of limit "tenant"', 'gives 0'],
  ['a weight that is no number', { fair: { weight: () => Number.NaN } }, 'a number from 1 to 100', 'gives NaN'],
  ['a negative weight', { fair: { weight: () => -1 } }, 'a number from 1 to 100', 'gives -1'],
  ['a huge weight', { fair: { weight: () => 1e9 } }, 'a number from 1 to 100', 'gives 1000000000'],
  ['a weight as a text', { fair: { weight: giving('4') } }, 'a number from 1 to 100', 'gives a string'],
  ['a weight that throws', { fair: { weight: throwing } }, 'the weight of limit "tenant"', 'throws RangeError'],
  ['none at once', { concurrency: () => 0 }, 'the concurrency of limit "tenant"', 'gives 0'],
  ['a half at once', { concurrency: () => 1.5 }, 'an integer >= 1', 'gives 1.5'],
  ['an object at once', { concurrency: giving({ max: 1 }) }, 'an integer >= 1', 'gives an object'],
  ['a promise', { concurrency: giving(Promise.resolve(2)) }, 'an integer >= 1', 'gives a promise'],
  ['a rate of 0', { rate: () => ({ max: 0, per: '1s' }) }, 'the rate of limit "tenant"', 'gives an object'],
  ['a rate without an end', { rate: giving({ max: 1 }) }, 'the rate of limit "tenant"', 'gives an object'],
  ['a rate of no duration', { rate: giving({ max: 1, per: 'soon' }) }, 'the rate of limit "tenant"', 'gives an object'],
  ['a rate that throws', { rate: throwing }, 'the rate of limit "tenant"', 'throws RangeError'],
];

test.for(FAULTS)('nothing is queued where a function gives %s', ([, limit, part, found]) => {
  const call = () => optionsWith(limit);
  expect(call).toThrow(InvalidGroupError);
  expect(call).toThrow(part);
  expect(call).toThrow(found);
  expect(call).not.toThrow(/Ann/);
});
