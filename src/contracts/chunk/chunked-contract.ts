import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnyJobContract } from '../define/job-contract.ts';
import type { Judge } from '../define/judge.ts';
import { chunkPolicyOf, type ChunkDefinition } from './chunk-policy.ts';
import { chunkContractOf, inItems, itemsIn } from './chunk-schema.ts';

/** What a definition says of its chunks. */
interface ChunkedDefinition<Item> {
  readonly chunk: ChunkDefinition<Item>;
  readonly key?: unknown;
}

/** Makes of the contract for one item that of the jobs in which items travel. @throws what `refuse` throws */
export function chunkedContract<Schema extends StandardSchemaV1>(
  one: AnyJobContract & { readonly schema: Schema },
  { chunk: given, key }: ChunkedDefinition<StandardSchemaV1.InferOutput<Schema>>,
  judge: Judge,
): AnyJobContract {
  if (key !== undefined) {
    judge.refuse(
      'expected no key beside chunk: many items travel in one job. Put what identifies an item into it, for where it is kept.',
    );
  }
  if (one.result !== undefined)
    judge.refuse('expected no result beside chunk: a chunk answers for its items, to nobody who waits.');
  if (one.tags !== undefined)
    judge.refuse(
      'expected no tags beside chunk: items of many travel in one job. Find them where they are kept; chunk.tags says whose an item is, for erase.',
    );
  if (one.publicFields.length > 0)
    judge.refuse('expected no publicFields beside chunk: items of many callers travel in one job.');
  const { name, version, schema, upgrade, sensitive, destinationOf, onDead, retention } = one;
  const item = { name, version, schema, upgrade, sensitive };
  return {
    ...one,
    ...chunkContractOf(item),
    chunk: chunkPolicyOf<Schema>(given, item, destinationOf, judge),
    encrypt: inItems(one.encrypt),
    // All items of a chunk have one: it is a part of their group.
    destinationOf: destinationOf && (data => destinationOf(itemsIn(data)[0])),
    onDead: onDead && (death => onDead({ ...death, data: onlyItem(death.data) })),
    retention: Object.freeze({ ...retention, forget: inItems(retention.forget) }),
  };
}

/** A chunk that ended as a whole has many; the dead letter of an item has that one. */
function onlyItem(data: unknown): unknown {
  const items = itemsIn(data);
  return items.length === 1 ? items[0] : undefined;
}
