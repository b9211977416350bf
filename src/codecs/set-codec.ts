import { z } from 'zod';

/** The value as the handler has it is a `Set`; what the producer gives and JSON holds is `[...set]`. */
export type SetCodec<Item, ItemInput> = z.ZodCodec<z.ZodType<Item[], ItemInput[]>, z.ZodType<Set<Item>, Set<Item>>>;

/** A `Set`, given as `[...set]`: a list. Its items are of the given schema, which may be a codec itself; one that stands twice is one. */
export function setCodec<Item, ItemInput>(item: z.ZodType<Item, ItemInput>): SetCodec<Item, ItemInput> {
  return z.codec(z.array(item), z.set(z.custom<Item>()), {
    decode: items => new Set(items),
    encode: set => [...set],
  });
}
