import { answeredLate, InvalidOptionsError, shown } from '../../errors/index.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../../time/index.ts';
import { unknownOptions, type Known } from '../define/checks/known-options.ts';
import { tagsPolicyOf, type Tags, type TagsPolicy } from '../define/tags-policy.ts';
import type { Judge } from '../define/judge.ts';
import type { PayloadContract } from '../payload/payload-contract.ts';

/** How items of many calls are gathered into one job. */
export interface ChunkDefinition<Item> {
  /** At most so many items travel together: 500 when left out, 10,000 at most. */
  readonly maxItems?: number;
  /** A chunk leaves at the latest so long after its first item: 10 ms when left out, a minute at most. The caller waits as long. */
  readonly maxWait?: Duration;
  /**
   * At most so many bytes of JSON travel together, 1 MiB at most; a larger item is refused. When left out: 120 KiB, and an item of up to 240 KiB
   * travels alone.
   */
  readonly maxBytes?: number;
  /** Items for which it answers differently travel apart: one tenant or one table for each chunk. */
  readonly by?: (item: Item) => string | number | boolean;
  /**
   * Whose an item is: `({ userId }) => ({ user: userId })`. `client.erase` takes the items of a person out of chunks by it. Nothing of it is stored, and no
   * job is found by it.
   */
  readonly tags?: (item: Item) => Tags;
}

/** As it was checked. */
export interface ChunkPolicy<Schema extends StandardSchemaV1 = StandardSchemaV1> {
  readonly maxItems: number;
  readonly maxWaitMs: number;
  /** No chunk is larger, so no item is. */
  readonly maxBytes: number;
  /** So many travel together; one item may be larger. */
  readonly fullBytes: number;
  /** What one item is: a producer's data is checked by it. */
  readonly item: PayloadContract & { readonly schema: Schema };
  /** Which items travel together, from the validated item: those of one group and one destination. Undefined: all do. */
  readonly groupOf: ((item: unknown) => string) | undefined;
  /** Whose an item is, from the validated item. */
  readonly tags: TagsPolicy | undefined;
}

const KNOWN: Known<ChunkDefinition<unknown>> = { maxItems: true, maxWait: true, maxBytes: true, by: true, tags: true };
const MOST_ITEMS = 10_000;
const MOST_BYTES = 1024 * 1024;
const LEAST_BYTES = 1_024;
const ITEM_BYTES = 240 * 1024;
/**
 * V8 gives a text of more than 128 KiB pages of its own: an item of 200 bytes then costs what makes its chunk 20 times as much to write (1.2 us
 * instead of 0.06 on the machine of the benchmarks), for two texts where one is made of the other.
 */
const FULL_BYTES = 120 * 1024;
const LONGEST_WAIT_MS = 60_000;

/** What a contract's `chunk` says. `item`: the contract as it is for one item. @throws what `refuse` throws */
export function chunkPolicyOf<Schema extends StandardSchemaV1>(
  given: ChunkDefinition<StandardSchemaV1.InferOutput<Schema>>,
  item: PayloadContract & { readonly schema: Schema },
  destination: ((item: unknown) => string) | undefined,
  { refuse, duration }: Judge,
): ChunkPolicy<Schema> {
  const found: unknown = given;
  if (typeof found !== 'object' || found === null)
    refuse('expected chunk to be { maxItems, maxWait, maxBytes, by, tags }.');
  const [unknown] = unknownOptions(given, KNOWN);
  if (unknown !== undefined) refuse(`chunk: ${unknown}`);
  const { maxItems = 500, maxWait = '10ms', maxBytes = ITEM_BYTES, by, tags } = given;
  if (!Number.isInteger(maxItems) || maxItems < 1 || maxItems > MOST_ITEMS) {
    refuse(`expected chunk.maxItems to be an integer from 1 to ${MOST_ITEMS}, got ${shown(maxItems)}.`);
  }
  if (!Number.isInteger(maxBytes) || maxBytes < LEAST_BYTES || maxBytes > MOST_BYTES) {
    refuse(`expected chunk.maxBytes to be an integer from ${LEAST_BYTES} to ${MOST_BYTES}, got ${shown(maxBytes)}.`);
  }
  const maxWaitMs = duration(maxWait, 'chunk.maxWait');
  if (maxWaitMs > LONGEST_WAIT_MS) {
    refuse(
      `expected chunk.maxWait to be at most ${LONGEST_WAIT_MS} ms (whoever enqueues waits as long), got ${maxWaitMs}.`,
    );
  }
  if (by !== undefined && typeof by !== 'function') refuse('expected chunk.by to be a function of an item.');
  return Object.freeze({
    maxItems,
    maxWaitMs,
    maxBytes,
    fullBytes: given.maxBytes ?? FULL_BYTES,
    item,
    groupOf: groupOf(by, destination),
    tags: tagsPolicyOf(tags, undefined, problem => refuse(`chunk: ${problem}`)),
  });
}

/** One chunk is done at one destination: items of different ones cannot wait, or be limited, together. */
function groupOf<Item>(
  by: ((item: Item) => string | number | boolean) | undefined,
  destination: ((item: unknown) => string) | undefined,
): ChunkPolicy['groupOf'] {
  if (by === undefined) return destination;
  // Only data that this contract's own schema has validated is ever passed in.
  return item => {
    const own: unknown = by(item as Item);
    // As JSON it would be {} for each: items of all groups in one chunk.
    if (answeredLate(own)) {
      throw new InvalidOptionsError(
        'Expected chunk.by to answer at once, got a promise: the function may not be async.',
      );
    }
    return JSON.stringify([own, destination?.(item)]);
  };
}
