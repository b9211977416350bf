import { InvalidConfigError } from '../../config/index.ts';
import type { StoreNames } from './names.ts';
import { schemaOf } from '../project/projection.ts';
import type { Sql } from './sql.ts';

/**
 * Refuses a projection where a schema that it or its rebuild would use has tables already, and no row here says that they are its own:
 * `totals` of the namespace `eu` and `totals_eu` of none share a name, and a rebuild of one would replace the tables of the other.
 * @throws InvalidConfigError
 */
export async function requireOwnSchema(
  sql: Sql,
  names: StoreNames,
  name: string,
  namespace: string | undefined,
): Promise<void> {
  const [live, next, old] = [
    schemaOf(name, namespace),
    schemaOf(name, namespace, 'next'),
    schemaOf(name, namespace, 'old'),
  ];
  // What was live is left as `old` by a rebuild that died before it had cleared up.
  const { rows } = await sql.query(
    `select used.schema from (values ($1, 'live'), ($2, 'next'), ($3, 'live')) as used (schema, generation)
     where exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = used.schema)
       and not exists (select 1 from ${names.projection} p where p.name = $4 and p.generation = used.generation)`,
    [live, next, old, name],
  );
  const [foreign] = rows;
  if (foreign === undefined) return;
  throw new InvalidConfigError([
    `Expected the schema "${String(foreign['schema'])}" of the projection "${name}" to be empty, found tables that are not its own. ` +
      'Give the projection or the namespace another name; or drop the schema, if nobody needs it.',
  ]);
}
