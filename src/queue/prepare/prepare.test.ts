import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, type AnyJobContract, type EnqueueOptions, InvalidPayloadError } from '../../contracts/index.ts';
import { InvalidOptionsError, ShiftworkError } from '../../errors/index.ts';
import { knownSecrets } from '../../secrets/index.ts';
import { createIdSource } from '../../time/index.ts';
import { prepare, type PreparedJob } from './prepare.ts';

const greet = defineJob({
  queue: 'email',
  name: 'greet',
  version: 2,
  schema: z.object({
    userId: z.string().trim(),
    at: z.iso
      .datetime()
      .transform(text => new Date(text))
      .optional(),
  }),
  key: { of: ({ userId }) => ['greet', userId], for: '1h' },
  expiresAfter: '1d',
  priority: 'low',
  retention: { completed: '10m', completedCount: 5, failed: '2d' },
});
const plain = defineJob({ queue: 'email', name: 'plain', schema: z.object({ text: z.string() }) });

const secrets = knownSecrets('a'.repeat(32), 'b'.repeat(32)).known;

function prepared(contract: AnyJobContract, data: unknown, options?: EnqueueOptions): PreparedJob {
  return prepare(
    { ids: createIdSource(), cipher: undefined, traceparent: () => undefined },
    secrets,
    contract,
    data,
    options,
  );
}

function refusalOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('Expected a refusal.');
}

describe('prepare', () => {
  test('stores the input as it was given, not the output', () => {
    const job = prepared(greet, { userId: ' u1 ', at: '2026-01-01T00:00:00Z' });
    expect(job.data).toEqual({ userId: ' u1 ', at: '2026-01-01T00:00:00Z' });
  });

  test('takes the policy from the contract', () => {
    const { options, metadata } = prepared(greet, { userId: 'u1' });
    expect(metadata).toBe('{"v":2}');
    expect(options).toMatchObject({
      attempts: 5,
      backoff: { type: 'exponential', jitter: 1 },
      priority: 30,
      removeOnComplete: { age: 600, count: 5 },
      removeOnFail: { age: 172_800 },
      deduplication: { keep: 'first', for: 3_600_000 },
    });
  });

  test('failed jobs are kept by age, never by count', () => {
    for (const contract of [greet, plain])
      expect(prepared(contract, { userId: 'u', text: '' }).options.removeOnFail).not.toHaveProperty('count');
  });

  test('every job has a priority, and the call may choose another', () => {
    expect(prepared(plain, { text: '' }).options.priority).toBe(20);
    expect(prepared(plain, { text: '' }, { priority: 'high' }).options.priority).toBe(10);
  });

  test('the key is made of the validated data, so spelling does not matter', () => {
    const key = (userId: string) => prepared(greet, { userId }).options.deduplication?.id;
    expect(key(' u1 ')).toBe(key('u1'));
    expect(key('u1')).not.toBe(key('u2'));
  });

  test('the digest of a job with a key tells data apart, not the order of its properties nor what was made up for the call', () => {
    const thing = defineJob({ queue: 'email', name: 'thing', schema: z.any() });
    const digest = (data: unknown, generated: readonly string[] = []) =>
      prepared(thing, data, { idempotencyKey: 'k', generated }).key?.present.data;
    const data = { a: 1, b: { c: [{ d: 1, e: 2 }], f: '' } };
    expect(digest({ b: { f: '', c: [{ e: 2, d: 1 }] }, a: 1 })).toBe(digest(data));
    expect(digest({ ...data, at: 'now' }, ['at'])).toBe(digest({ at: 'then', ...data }, ['at']));
    for (const other of [
      { ...data, a: 2 },
      { ...data, at: 'now' },
      { a: 1, b: { ...data.b, c: [{ d: 2, e: 1 }] } },
      JSON.parse('{"__proto__":1,"a":1,"b":{"c":[{"d":1,"e":2}],"f":""}}'),
    ]) {
      expect(digest(other)).not.toBe(digest(data));
    }
    expect(digest([2, 1])).not.toBe(digest([1, 2]));
  });

  test('nothing of the data stands in an id or a key, not as a digest that anybody can make either', () => {
    const code = defineJob({
      queue: 'email',
      name: 'code',
      schema: z.object({ code: z.string() }),
      key: ({ code }) => [code],
    });
    const data = { code: '123456' };
    const { id, key, options } = prepared(code, data);
    const [again, other] = [prepared(code, data), prepared(code, { code: '654321' })];
    expect(
      [id, again.id, other.id].map(each => each.slice(-10)).filter((each, at, all) => all.indexOf(each) === at),
    ).toHaveLength(3);
    expect(again.key).toEqual(key);
    const guesses = [JSON.stringify(data), data.code, JSON.stringify(['code', 'key', data.code])].flatMap(text =>
      (['hex', 'base64', 'base64url'] as const).map(form => hash('sha256', text, form)),
    );
    for (const text of [id, options.deduplication?.id ?? '', key?.present.data ?? '']) {
      expect(text).not.toContain(data.code);
      for (const guess of guesses) expect(text).not.toContain(guess.slice(0, 8));
    }
  });

  test('the same data under two keys has two digests, and another secret makes another of each', () => {
    const thing = defineJob({ queue: 'email', name: 'thing', schema: z.any() });
    const [one, two] = ['k1', 'k2'].map(idempotencyKey => prepared(thing, { a: 1 }, { idempotencyKey }).key);
    expect(one?.present.data).not.toBe(two?.present.data);
    expect(one?.previous?.id).not.toBe(one?.present.id);
    expect(one?.previous?.data).not.toBe(one?.present.data);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'u1'],
    ['a promise', Promise.resolve(['u1'])],
    ['a list with nothing in it where a text should stand', ['invoice', undefined]],
    ['a list with a hole', Array(1)],
    ['null', [null]],
    ['no number', [Number.NaN]],
    ['a bigint', [5n]],
    ['a symbol', [Symbol('u1')]],
    ['an object', [new Map([['user', 'u1']])]],
    ['a list within', [['u1']]],
  ])('a key of %s is refused: jobs that differ would have one key', (_, key) => {
    // As from JavaScript, or a field that the types say is there.
    const contract = defineJob({
      queue: 'email',
      name: 'odd',
      schema: z.any(),
      key: { of: () => key as string[], keep: 'last' },
    });
    expect(() => prepared(contract, { text: 'x' })).toThrow(InvalidPayloadError);
    expect(() => prepared(contract, { text: 'x' })).toThrow(/key(\.\d)?: expected/);
  });

  test("the caller's key wins over the contract's and never equals it by accident", () => {
    const own = prepared(greet, { userId: 'u1' }, { idempotencyKey: 'u1' }).options.deduplication?.id;
    expect(own).not.toBe(prepared(greet, { userId: 'u1' }).options.deduplication?.id);
    expect(own).toBe(prepared(greet, { userId: 'u2' }, { idempotencyKey: 'u1' }).options.deduplication?.id);
  });

  test.each([
    ['an unknown option', { attempts: 1e9 }, 'attempts'],
    ['a BullMQ option', { lifo: true }, 'lifo'],
    ['a huge delay', { delay: '9999w' }, 'delay'],
    ['a negative delay', { delay: -1 }, 'delay'],
    ['a delay that is no JSON', { delay: 5n }, 'delay'],
    ['a priority that is no JSON', { priority: 5n }, 'priority'],
    ['a list of one priority', { priority: ['high'] }, 'priority'],
    ['generated fields that are no list', { generated: 'at' }, 'generated'],
    ['an unknown priority', { priority: 'urgent' }, 'priority'],
    ['an inherited priority', { priority: 'constructor' }, 'priority'],
    ['an empty key', { idempotencyKey: '' }, 'idempotencyKey'],
    ['a key of 10,000 characters', { idempotencyKey: 'x'.repeat(10_000) }, 'idempotencyKey'],
    ['a line break in the correlation id', { correlationId: 'a\r\nb' }, 'correlationId'],
  ])('refuses %s', (_case, options, named) => {
    const call = () => prepared(plain, { text: '' }, options as EnqueueOptions);
    expect(call).toThrow(InvalidOptionsError);
    expect(call).toThrow(named);
  });

  test.each([{ delay: 'x'.repeat(100_000) }, { priority: 'x'.repeat(100_000) }])(
    'a refusal does not repeat what may be a whole request',
    options => {
      const call = () => prepared(plain, { text: '' }, options as EnqueueOptions);
      expect(call).toThrow(InvalidOptionsError);
      expect(call).not.toThrow(/x{100}/);
    },
  );

  test('refuses a delay after which the job would have expired', () => {
    expect(() => prepared(greet, { userId: 'u1' }, { delay: '2d' })).toThrow('expired before it starts');
  });

  const boom = (): never => {
    throw new TypeError('no such user: ada');
  };
  const base = { queue: 'email', name: 'throwing', schema: z.any() } as const;
  test.each([
    ['key', defineJob({ ...base, key: boom })],
    ['tags', defineJob({ ...base, tags: boom })],
    ['chunk.by', defineJob({ ...base, chunk: { by: boom } })],
    ['limit "tenant"', defineJob({ ...base, limits: [{ name: 'tenant', by: boom, concurrency: 1 }] })],
    ['its schema', defineJob({ ...base, schema: { '~standard': { version: 1, vendor: 'own', validate: boom } } })],
  ])('says which function of which contract has thrown, and not what: %s', (part, contract) => {
    const thrown = refusalOf(() => prepared(contract, {}));
    expect(thrown).toBeInstanceOf(ShiftworkError);
    expect(thrown.message).toContain('"throwing"');
    expect(thrown.message).toContain(part);
    expect(thrown.message).toMatch(/thr(ows|ew) TypeError/);
    expect(thrown.message).not.toContain('ada');
    expect(thrown.cause).toEqual(new TypeError('no such user: ada'));
  });

  test('what was thrown may be anything', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const key = (): never => {
      // oxlint-disable-next-line no-throw-literal
      throw revoked.proxy;
    };
    expect(() => prepared(defineJob({ ...base, key }), {})).toThrow('key: its function threw something');
  });

  test('refuses data that does not fit', () => {
    expect(() => prepared(plain, { text: 7 })).toThrow(InvalidPayloadError);
  });
});
