import { z } from 'zod';

/**
 * A `Date`, given as `date.toISOString()`: ISO 8601 with `Z` or an offset (`2026-11-29T12:00:00Z`). Milliseconds are kept, no zone is: with
 * an offset the Date is the same moment. Refuses dates outside of the years 0000 to 9999.
 */
export const dateCodec = z.codec(z.iso.datetime({ offset: true }), z.date(), {
  decode: text => new Date(text),
  encode: date => date.toISOString(),
});
