import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { PayloadContract } from '../payload/payload-contract.ts';

/** What is stored of a chunk: plain enough for a worker in any language. */
export interface Items<Item> {
  readonly items: readonly Item[];
}

const ISSUES_AT_MOST = 10;

/** The contract of the stored data, made of that of one item: so whatever reads stored data needs to know nothing of chunks. */
export function chunkContractOf<Schema extends StandardSchemaV1>({
  name,
  version,
  schema,
  upgrade,
  sensitive,
}: PayloadContract & { readonly schema: Schema }): PayloadContract & {
  readonly schema: StandardSchemaV1<
    Items<StandardSchemaV1.InferInput<Schema>>,
    Items<StandardSchemaV1.InferOutput<Schema>>
  >;
} {
  const steps = Object.entries(upgrade).map(
    ([from, step]) => [from, (data: unknown) => ({ items: itemsIn(data).map(step) })] as const,
  );
  return {
    name,
    version,
    schema: itemsOf(schema),
    upgrade: Object.freeze(Object.fromEntries(steps)),
    sensitive: inItems(sensitive),
  };
}

/** Fields of an item, as paths in the stored data. */
export function inItems(paths: readonly string[]): readonly string[] {
  return Object.freeze([...paths.map(path => `items.${path}`), ...paths]);
}

/** The items of stored or validated data. What is no list of items is one: it was enqueued before its contract had chunks. */
export function itemsIn(data: unknown): readonly unknown[] {
  if (typeof data !== 'object' || data === null || !('items' in data) || !Array.isArray(data.items)) return [data];
  return Object.keys(data).length === 1 ? data.items : [data];
}

function itemsOf<Schema extends StandardSchemaV1>(
  schema: Schema,
): StandardSchemaV1<Items<StandardSchemaV1.InferInput<Schema>>, Items<StandardSchemaV1.InferOutput<Schema>>> {
  const { validate } = schema['~standard'];
  return Object.freeze({
    '~standard': Object.freeze({
      version: 1,
      vendor: 'shiftwork',
      validate(data: unknown) {
        const given = itemsIn(data);
        if (given.length === 0) return { issues: [{ message: 'expected a list of items', path: ['items'] }] };
        const items: StandardSchemaV1.InferOutput<Schema>[] = [];
        const issues: StandardSchemaV1.Issue[] = [];
        for (let index = 0; index < given.length && issues.length < ISSUES_AT_MOST; index += 1) {
          const result = validate(given[index]);
          // A schema that does not answer at once: whoever asks refuses the promise.
          if ('then' in result) return result.then(() => ({ value: { items } }));
          if (result.issues === undefined) items.push(result.value as StandardSchemaV1.InferOutput<Schema>);
          else
            for (const { message, path = [] } of result.issues)
              issues.push({ message, path: ['items', index, ...path] });
        }
        return issues.length > 0 ? { issues } : { value: { items } };
      },
    }),
  });
}
