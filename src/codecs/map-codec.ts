import { z } from 'zod';

/** The value as the handler has it is `Value`; what the producer gives and JSON holds is `[...map]`. */
export type MapCodec<Key, KeyInput, Value, ValueInput> = z.ZodCodec<
  z.ZodType<[Key, Value][], [KeyInput, ValueInput][]>,
  z.ZodType<Map<Key, Value>, Map<Key, Value>>
>;

/**
 * A `Map`, given as `[...map]`: a list of pairs. Keys and values are of the given schemas, which may be codecs themselves. Refuses a list in
 * which a key stands twice, of which a Map would keep the last.
 */
export function mapCodec<Key, KeyInput, Value, ValueInput>(
  key: z.ZodType<Key, KeyInput>,
  value: z.ZodType<Value, ValueInput>,
): MapCodec<Key, KeyInput, Value, ValueInput> {
  return z.codec(z.array(z.tuple([key, value])), z.map(z.custom<Key>(), z.custom<Value>()), {
    decode(entries, context) {
      const map = new Map(entries);
      if (map.size < entries.length) {
        context.issues.push({ code: 'custom', input: entries, message: 'Expected each key once' });
      }
      return map;
    },
    encode: map => [...map],
  });
}
