import { InvalidConfigError } from '../errors/index.ts';
import type { StoreNames } from './names.ts';
import { schemaOf } from './projection.ts';
import type { Sql } from './sql.ts';

/**
 * Refuses a projection that was never prepared here where its schema has tables already: `totals` of the namespace `eu` and `totals_eu`
 * of none share a name, and a rebuild of one would replace the tables of the other.
 * @throws InvalidConfigError
 */
export async function requireOwnSchema(
  sql: Sql,
  names: StoreNames,
  name: string,
  namespace: string | undefined,
): Promise<void> {
  const schema = schemaOf(name, namespace);
  const { rowCount } = await sql.query(
    `select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and not exists (select 1 from ${names.projection} where name = $2 and generation = 'live') limit 1`,
    [schema, name],
  );
  if (rowCount === 0) return;
  throw new InvalidConfigError([
    `Expected the schema "${schema}" of the projection "${name}" to be empty, found tables that are not its own. ` +
      'Give the projection or the namespace another name; or drop the schema, if nobody needs it.',
  ]);
}
