import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  decodePayload,
  defineEvent,
  defineJob,
  encodeEventPayload,
  misfitOf,
  requireProgress,
  requireResult,
  writePayload,
} from '../contracts/index.ts';
import * as codecs from './index.ts';
import { bigintCodec, bytesCodec, dateCodec, mapCodec, setCodec } from './index.ts';

const schema = z.strictObject({
  at: dateCodec,
  total: bigintCodec,
  file: bytesCodec,
  shares: mapCodec(bigintCodec, dateCodec),
  seen: setCodec(dateCodec),
});
const contract = defineJob({ queue: 'email', name: 'coded', schema });

const dates = fc.date({
  min: new Date('0000-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const bigints = fc.bigInt();
const values = fc.record({
  at: dates,
  total: bigints,
  file: fc.uint8Array({ maxLength: 500 }),
  shares: fc.array(fc.tuple(bigints, dates), { maxLength: 5 }).map(entries => new Map(entries)),
  seen: fc.array(dates, { maxLength: 5 }).map(items => new Set(items)),
});

describe('the codecs', () => {
  test('what zod encodes is stored by jobs and events, and handlers get the same values', () => {
    const event = defineEvent('thing.coded', { schema });
    fc.assert(
      fc.property(values, value => {
        const given = z.encode(schema, value);
        expect(misfitOf(given, () => text => text)).toBeUndefined();
        const json = writePayload(contract, given);
        expect(encodeEventPayload(event, given)).toEqual({ json, dates: [] });
        expect(decodePayload(contract, 1, JSON.parse(json))).toEqual({ kind: 'data', data: value });
      }),
    );
  });

  test.each([
    ['a date', dateCodec, ['2026-02-30T00:00:00Z', '2026-11-29', '2026-11-29T12:00:00', 'today', '', 5]],
    ['a bigint', bigintCodec, ['', '01', '+1', '-0', '1.5', '1e3', '0x10', ' 1', 'one', 1]],
    ['bytes', bytesCodec, ['a', 'YQ', 'Y-Q=', 'nöt', 5]],
    [
      'a map',
      mapCodec(z.string(), bigintCodec),
      [
        {},
        [['a']],
        [['a', 1]],
        [['a', '1', 'b']],
        [
          ['a', '1'],
          ['a', '2'],
        ],
      ],
    ],
    ['a set', setCodec(z.int()), [{}, ['1'], [null]]],
  ])('%s refuses what is no form of it', (_name, codec, wrong) => {
    expect(wrong.filter(value => codec.safeParse(value).success)).toEqual([]);
  });

  test.each([
    ['an invalid date', dateCodec, new Date(Number.NaN)],
    ['a date of no four-digit year', dateCodec, new Date(253_402_300_800_000)],
    ['a map with values of another kind', mapCodec(z.string(), bigintCodec), new Map([['a', 'b']])],
  ])('%s is not encoded', (_name, codec, value) => {
    expect(z.safeEncode<z.ZodType>(codec, value).success).toBe(false);
  });

  test('a date with an offset is the same moment', () => {
    expect(dateCodec.parse('2026-11-29T12:00:00+02:00')).toEqual(new Date('2026-11-29T10:00:00Z'));
  });

  test('as many bytes as a job carries are taken, as bytes of their own', () => {
    const bytes = Buffer.alloc(190_000, 7);
    const back = bytesCodec.parse(bytes.toString('base64'));
    expect(Buffer.from(back).equals(bytes)).toBe(true);
    expect(back.buffer.byteLength).toBe(190_000);
    // A part of a larger memory is that part alone.
    expect(z.encode(bytesCodec, new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toBe('AgM=');
  });

  test('contracts are typed by them: the form that JSON holds for the producer, the value for the handler', () => {
    type Given = Parameters<typeof contract>[0];
    type Handled = z.output<typeof schema>;
    expectTypeOf<Given>().toEqualTypeOf<{
      at: string;
      total: string;
      file: string;
      shares: [string, string][];
      seen: string[];
    }>();
    expectTypeOf<Handled['at']>().toEqualTypeOf<Date>();
    expectTypeOf<Handled['total']>().toEqualTypeOf<bigint>();
    expectTypeOf<Handled['file']>().toExtend<Uint8Array>();
    expectTypeOf<Handled['shares']>().toEqualTypeOf<Map<bigint, Date>>();
    expectTypeOf<Handled['seen']>().toEqualTypeOf<Set<Date>>();
    // @ts-expect-error a Date is no form that JSON holds
    contract({ at: new Date(), total: '1', file: '', shares: [], seen: [] });
  });

  test.each([new Date(0), 5n, new Uint8Array(2), new Map(), new Set()])(
    'the refusals of %o name one that is there',
    value => {
      const named = (refuse: () => unknown): string | undefined => {
        try {
          refuse();
        } catch (error) {
          return / (\w+) of shiftwork\/codecs/.exec(String(error))?.[1];
        }
        return undefined;
      };
      const loose = defineJob({ queue: 'email', name: 'loose', schema: z.any(), result: z.any() });
      for (const name of [
        named(() => writePayload(loose, { deep: [value] })),
        named(() => requireResult(loose, { deep: [value] })),
        named(() => requireProgress(loose, { deep: [value] })),
      ]) {
        expect(codecs).toHaveProperty(name ?? 'none');
      }
      expect(() => requireResult(loose, { deep: [value] })).toThrow('deep.0 is');
    },
  );
});
