import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../define/define-event.ts';
import { encodeEventPayload, reviveDates } from './event-codec.ts';

const contract = defineEvent('thing.changed', { schema: z.unknown() });

function trip(payload: unknown): unknown {
  const { json, dates } = encodeEventPayload(contract, payload);
  return reviveDates(JSON.parse(json), dates);
}

describe('a payload over a wire', () => {
  test('brings dates back as dates wherever they stood, and leaves texts that look like one alone', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const payload = {
      at,
      text: at.toISOString(),
      list: [1, { at }, [at]],
      'a/b~c': { at },
      '': at,
    };
    expect(trip(payload)).toEqual(payload);
    expect(trip(at)).toEqual(at);
  });

  test('is the same after the trip, whatever JSON and dates it is made of', () => {
    const date = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') });
    const { tree } = fc.letrec(tie => ({
      tree: fc.oneof({ depthSize: 'small' }, fc.string(), fc.integer(), fc.boolean(), date, tie('list'), tie('object')),
      list: fc.array(tie('tree'), { maxLength: 4 }),
      object: fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    }));
    fc.assert(fc.property(tree, payload => void expect(trip(payload)).toEqual(payload)));
  });

  test('pointers of a stranger do no harm', () => {
    const data: unknown = JSON.parse('{"a":{"b":"2026-01-01"},"__proto__":"2026-01-01"}');
    reviveDates(data, ['/constructor/prototype/x', '/a/c', 'a', '/a', '/__proto__', '/__proto__/x', '/a/b/0']);
    expect(Object.getOwnPropertyDescriptor(data, '__proto__')?.value).toBeInstanceOf(Date);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(data).toMatchObject({ a: { b: '2026-01-01' } });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
