import type { StoreParts } from '../store-parts.ts';
import { requireOwnSchema } from '../schema/own-schema.ts';
import { inTransaction } from './project-batch.ts';
import { schemaOf, type Projection } from './projection.ts';

/** Creates the tables of projections that are new here. Answers those whose tables are of another shape: they need a rebuild. */
export async function prepareProjections(
  store: StoreParts,
  projections: readonly Projection[],
): Promise<readonly string[]> {
  const { names, namespace } = store;
  const stale: string[] = [];
  for (const { name, shape, tables, startAt } of projections) {
    const checkpoint = startAt === 'now' ? await store.reader.safePosition() : 0;
    const found = await inTransaction(store.pool, async client => {
      // Two processes that start together: the second waits, and finds it done.
      await client.query('select pg_advisory_xact_lock(hashtext($1))', [`${names.schema} ${name}`]);
      const { rows } = await client.query<{ shape: number }>(
        `select shape from ${names.projection} where name = $1 and generation = 'live'`,
        [name],
      );
      if (rows[0] !== undefined) return rows[0].shape;
      await requireOwnSchema(client, names, name, namespace);
      const schema = schemaOf(name, namespace);
      await client.query(`create schema if not exists "${schema}"; set local search_path = "${schema}"; ${tables}`);
      await client.query(
        `insert into ${names.projection} (name, generation, shape, checkpoint, begins_at) values ($1, 'live', $2, $3, $3)`,
        [name, shape, checkpoint],
      );
      return shape;
    });
    if (found !== shape) stale.push(name);
  }
  return stale;
}
