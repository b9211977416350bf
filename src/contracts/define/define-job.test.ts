import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { InvalidContractError } from './invalid-contract-error.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { fixed } from '../../resilience/index.ts';
import { defineJob } from './define-job.ts';
import type { InputOf, OutputOf } from './job-contract.ts';

const schema = z.object({ userId: z.string(), at: z.iso.datetime().transform(text => new Date(text)) });
const base = { queue: 'email', name: 'greet', schema } as const;

describe('defineJob', () => {
  test('fills in what is left out', () => {
    expect({ ...defineJob(base) }).toMatchObject({
      kind: 'job',
      queue: 'email',
      name: 'greet',
      version: 1,
      timeoutMs: 60_000,
      priority: 'normal',
      retry: { attempts: 5, backoff: { kind: 'exponential' } },
      retention: { completedMs: 3_600_000, completedCount: 1_000, failedMs: 14 * 86_400_000, forget: [] },
    });
  });

  test('the contract is called to make a request that carries it', () => {
    const greet = defineJob(base);
    const request = greet({ userId: 'u1', at: '2026-01-01T00:00:00Z' }, { delay: '5m' });
    expect(request).toEqual({
      kind: 'job-request',
      contract: greet,
      data: { userId: 'u1', at: '2026-01-01T00:00:00Z' },
      options: { delay: '5m' },
    });
  });

  test('a contract cannot be changed afterwards', () => {
    const greet = defineJob(base);
    expect(() => Object.assign(greet, { queue: 'other' })).toThrow(TypeError);
    expect(Object.isFrozen(greet.retry)).toBe(true);
  });

  test.each([
    ['a name that begins with a space', { ...base, name: ' a' }, 'without spaces around it'],
    ['a name of two lines', { ...base, name: 'a\nb' }, 'on one line'],
    ['a name of nothing', { ...base, name: '' }, 'expected a name'],
    ['a queue with a colon', { ...base, queue: 'a:b' }, 'queue "a:b"'],
    ['a queue with a slash', { ...base, queue: 'a/b' }, 'queue "a/b"'],
    ['an option that is misspelt', { ...base, timeOut: '1s' }, 'unknown option "timeOut". Did you mean "timeout"?'],
    ['a death that no function follows', { ...base, onDead: 'report' }, 'expected onDead to be a function'],
    ['a destination that is a text', { ...base, destination: 'smtp' }, 'expected destination to be a function'],
    ['a key window of 0.1', { ...base, keyWindow: '1d' }, 'expected key: { of, for }'],
    ['an option of BullMQ', { ...base, attempts: 3 }, 'unknown option "attempts".'],
    [
      'a retry that is misspelt',
      { ...base, retry: { attempts: 3, backof: fixed('1s') } },
      'retry: unknown option "backof". Did you mean "backoff"?',
    ],
    ['a retention that is misspelt', { ...base, retention: { complete: '1h' } }, 'Did you mean "completed"?'],
    ['version 0', { ...base, version: 0 }, 'version to be an integer >= 1'],
    ['an upgrade that leads nowhere', { ...base, upgrade: { 1: (data: unknown) => data } }, 'upgrade step 1'],
    ['no attempts', { ...base, retry: { attempts: 0, backoff: fixed('1s') } }, 'retry.attempts'],
    ['a thousand million attempts', { ...base, retry: { attempts: 1e9 } }, 'retry.attempts'],
    ['an expiry of 0', { ...base, expiresAfter: 0 }, 'expiresAfter'],
    ['a word for doubt that is none', { ...base, onDoubt: 'resend' }, 'onDoubt to be one of again, hold'],
    ['a key window of 0.1', { ...base, keyWindow: '1d' }, 'keyWindow'],
    ['a key that is a text', { ...base, key: 'a' }, 'key'],
    ['a key of another name', { ...base, key: { by: () => [] } }, 'by'],
    ['a key of no function', { ...base, key: { of: 'id' } }, 'key.of'],
    ['a key that keeps all', { ...base, key: { of: () => [], keep: 'all' } }, 'key.keep'],
    ['a key that keeps the last after its end', { ...base, key: { of: () => [], keep: 'last', for: '1h' } }, 'key.for'],
    ['a key that keeps the last of callers alone', { ...base, key: { keep: 'last' } }, 'key.of'],
    ['a bound for what is not put off', { ...base, key: { of: () => [], maxWait: '1h' } }, 'key.maxWait'],
    ['dead letters that are not kept', { ...base, retention: { failed: 0 } }, 'retention.failed'],
    ['a count below 0', { ...base, retention: { completedCount: -1 } }, 'retention.completedCount'],
    ['a timeout of 0', { ...base, timeout: 0 }, 'timeout'],
  ])('refuses %s and says so', (_case, definition, part) => {
    const define = () => defineJob(definition as typeof base);
    expect(define).toThrow(InvalidContractError);
    expect(define).toThrow(part);
  });

  test('refuses a schema that speaks no Standard Schema', () => {
    expect(() => defineJob({ ...base, schema: {} as typeof schema })).toThrow('Standard Schema');
  });

  test('refuses a duration that is none, naming contract and field', () => {
    expect(() => defineJob({ ...base, timeout: 'soon' as '1s' })).toThrow(InvalidOptionsError);
    expect(() => defineJob({ ...base, timeout: 'soon' as '1s' })).toThrow('job "greet": timeout');
  });

  test('types: producers give the input, handlers get the output, fields are checked by name', () => {
    const greet = defineJob({ ...base, sensitive: ['userId'] });
    expectTypeOf<InputOf<typeof greet>>().toEqualTypeOf<{ userId: string; at: string }>();
    expectTypeOf<OutputOf<typeof greet>>().toEqualTypeOf<{ userId: string; at: Date }>();
    type Data = Parameters<typeof greet>[0];
    expectTypeOf<{ userId: number; at: string }>().not.toExtend<Data>();
    expectTypeOf<{ userId: string }>().not.toExtend<Data>();
    type Sensitive = NonNullable<Parameters<typeof defineJob<typeof schema>>[0]['sensitive']>[number];
    expectTypeOf<'userId'>().toExtend<Sensitive>();
    expectTypeOf<'password'>().not.toExtend<Sensitive>();
  });
});
