import { decodePayload, itemsIn, type ChunkPolicy, type DeadItem } from '../../../contracts/index.ts';
import { UndecodableJobError } from '../../../queue/index.ts';
import type { Outcome } from '../outcome.ts';

/** A chunk in which some items cannot be read: the others run without them. */
export interface ReadableItems {
  readonly data: { readonly items: readonly unknown[] };
  /** Where in the chunk they are. */
  readonly places: readonly number[];
  readonly broken: readonly DeadItem[];
}

/** Reads a chunk item by item. Undefined where none of them can be read: then it is the chunk that cannot. */
export function readableItems({ item }: ChunkPolicy, version: number, stored: unknown): ReadableItems | undefined {
  const items: unknown[] = [];
  const places: number[] = [];
  const broken: DeadItem[] = [];
  for (const [index, each] of itemsIn(stored).entries()) {
    const decoded = decodePayload(item, version, each);
    if (decoded.kind === 'data') {
      items.push(decoded.data);
      places.push(index);
    } else {
      const detail = decoded.kind === 'unreadable' ? decoded.detail : `it is of version ${decoded.version}`;
      broken.push({ item: index, reason: 'undecodable', error: new UndecodableJobError(item.name, detail) });
    }
  }
  return items.length === 0 ? undefined : { data: { items }, places, broken };
}

/** What the whole chunk comes to, of what those came to that could be read. */
export function withBroken(outcome: Outcome, { data, places, broken }: ReadableItems): Outcome {
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'divided', done: data.items.length, retry: undefined, dead: broken };
    case 'divided': {
      const place = (index: number): number => places[index] ?? index;
      const { done, retry, dead } = outcome;
      return {
        kind: 'divided',
        done,
        retry: retry && { ...retry, items: retry.items.map(place) },
        dead: [...broken, ...dead.map(each => ({ ...each, item: place(each.item) }))],
      };
    }
    default:
      // All of it comes again, or ends as it is: with those that cannot be read.
      return outcome;
  }
}
