import { z } from 'zod';

/** A `bigint`, given as `String(value)`: decimal, without leading zeros or a plus. */
export const bigintCodec = z.codec(
  z.string().regex(/^(?:0|-?[1-9]\d*)$/, 'Expected a whole number in decimal'),
  z.bigint(),
  {
    decode: text => BigInt(text),
    encode: value => String(value),
  },
);
