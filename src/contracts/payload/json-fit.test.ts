import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { writePayload } from './codec.ts';
import { defineEvent } from '../define/define-event.ts';
import { defineJob } from '../define/define-job.ts';
import { encodeEventPayload, reviveDates } from './event-codec.ts';
import { InvalidPayloadError } from './invalid-payload-error.ts';
import { jsonFitOf } from './json-fit.ts';

class Money {
  amount = 5;
}
class Price {
  toJSON() {
    return '5 EUR';
  }
}
class Times extends Date {}
const self: Record<string, unknown> = {};
self['self'] = self;
function thrower(): object {
  return Object.defineProperty({}, 'secret', {
    enumerable: true,
    get() {
      throw new Error('hunter2');
    },
  });
}

/** Each with a word of what is to be done, or of what it is. */
const broken: readonly [string, () => unknown, string][] = [
  ['a date', () => new Date(0), 'dateCodec'],
  ['a date of a class of its own', () => new Times(0), 'toISOString'],
  ['an invalid date', () => new Date(Number.NaN), 'invalid Date'],
  ['a map', () => new Map([['a', 1]]), 'mapCodec'],
  ['a set', () => new Set([1]), 'setCodec'],
  ['a weak map', () => new WeakMap(), 'WeakMap'],
  ['a bigint', () => 5n, 'bigintCodec'],
  ['a buffer', () => Buffer.from('x'), 'bytesCodec'],
  ['bytes', () => new Uint8Array(2), 'base64'],
  ['floats', () => new Float64Array(2), 'base64'],
  ['an array buffer', () => new ArrayBuffer(2), 'base64'],
  ['NaN', () => Number.NaN, 'is NaN'],
  ['Infinity', () => Infinity, 'is Infinity'],
  ['minus Infinity', () => -Infinity, 'is -Infinity'],
  ['a function', () => () => 1, 'is a function'],
  ['a symbol', () => Symbol('x'), 'is a symbol'],
  ['a promise', () => Promise.resolve(1), 'await it'],
  ['an instance', () => new Money(), 'class Money'],
  ['an instance that writes itself', () => new Price(), 'toJSON()'],
  ['a URL', () => new URL('https://x.example'), 'class URL'],
  ['an error', () => new Error('hunter2'), 'class Error'],
  ['an expression', () => /hunter2/, 'class RegExp'],
  ['a number in a box', () => Object(5), 'class Number'],
  ['itself', () => self, 'part of itself'],
  ['a getter that throws', () => thrower(), 'a getter in it threw'],
  ['an undefined in a list', () => [undefined], 'is undefined, or a hole'],
  ['a hole in a list', () => Object.assign([], { length: 2 }), 'is undefined, or a hole'],
  ['an object that writes itself', () => ({ toJSON: () => 1 }), 'is a function'],
];
const places: readonly [string, (value: unknown) => unknown, string][] = [
  ['nested', value => ({ a: { b: { c: value } } }), 'a.b.c'],
  ['in a list', value => ({ list: [1, { at: value }] }), 'list.1.at'],
  ['after an optional one that is missing', value => ({ none: undefined, given: value }), 'given'],
  ['in a list of lists', value => [[[value]]], '0.0.0'],
];
const any = defineJob({ queue: 'email', name: 'any', schema: z.any() });
const anyEvent = defineEvent('thing.happened', { schema: z.any() });

function refusal(of: () => unknown): InvalidPayloadError {
  try {
    of();
  } catch (error) {
    if (error instanceof InvalidPayloadError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe.each(places)('what JSON cannot hold, %s', (_, put, path) => {
  test.each(broken)('%s is refused with its path and what to do', (_name, make, hint) => {
    const { issues } = refusal(() => writePayload(any, put(make())));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.message).toContain(hint);
    expect(issues[0]?.message).not.toContain('hunter2');
    expect(`(root)${path}`).toContain(issues[0]?.path.slice(0, path.length) ?? 'nothing');
  });

  test.each(broken.filter(([name]) => !name.startsWith('a date')))('%s is refused in an event too', (_name, make) => {
    expect(refusal(() => encodeEventPayload(anyEvent, put(make()))).issues).toHaveLength(1);
  });
});

describe('what JSON holds', () => {
  test('comes back as it was given, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), data => {
        fc.pre(!Object.is(data, -0) && !JSON.stringify(data).includes('-0'));
        expect(jsonFitOf(data)).toBe('fits');
      }),
    );
  });

  test('is told from what it does not hold: what fits comes back the same', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: true,
      withObjectString: true,
      withBoxedValues: true,
    });
    fc.assert(
      fc.property(anything, data => {
        fc.pre(jsonFitOf(data) !== 'breaks');
        expect(plainly(JSON.parse(JSON.stringify(data)))).toStrictEqual(plainly(data));
      }),
      { numRuns: 2_000 },
    );
  });

  test('an undefined field is taken where the schema takes data without it, and refused where it does not', () => {
    const schema = (required: boolean) => ({
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'object' && value !== null && (!required || 'note' in value)
            ? { value }
            : { issues: [{ message: 'expected the field', path: ['note'] }] },
      },
    });
    const loose = defineJob({ queue: 'email', name: 'loose', schema: schema(false) });
    const strict = defineJob({ queue: 'email', name: 'strict', schema: schema(true) });
    expect(writePayload(loose, { note: undefined })).toBe('{}');
    expect(refusal(() => writePayload(strict, { note: undefined })).issues).toEqual([
      { path: 'note', message: expect.stringContaining('JSON leaves out a field that is undefined') },
    ]);
  });

  test('dates of an event, beside optional fields, come back as dates', () => {
    const moved = defineEvent('thing.moved', { schema: z.object({ at: z.date(), from: z.string().optional() }) });
    const payload = { at: new Date(5), from: undefined };
    const { json, dates } = encodeEventPayload(moved, payload);
    expect(reviveDates(JSON.parse(json), dates)).toEqual({ at: new Date(5) });
  });

  test('something on Object.prototype breaks nothing', () => {
    Reflect.set(Object.prototype, 'everywhere', () => 1);
    try {
      expect(writePayload(any, { a: 1 })).toBe('{"a":1}');
    } finally {
      Reflect.deleteProperty(Object.prototype, 'everywhere');
    }
  });

  test('objects of another realm are as good as any', () => {
    expect(writePayload(any, runInNewContext('({ a: [{ b: 1 }], c: Object.create(null) })'))).toBe(
      '{"a":[{"b":1}],"c":{}}',
    );
  });
});

/** Without what makes no difference to who reads it. */
function plainly(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(plainly);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([field, inner]) => [field, plainly(inner)]),
  );
}
