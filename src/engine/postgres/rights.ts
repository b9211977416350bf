import type { PgQueryable } from 'bullmq';

interface RightsRow {
  readonly usage: boolean;
  readonly tables: readonly string[] | null;
  readonly sequences: readonly string[] | null;
  readonly functions: readonly string[] | null;
}

/** What records which steps ran is written by `migrate` alone. CASE, since a condition beside another may be looked at first. */
const ASK = `
  SELECT has_schema_privilege(n.oid, 'USAGE') AS usage,
         (SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c
           WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
             AND NOT (has_table_privilege(c.oid, 'SELECT') AND (c.relname ~ 'migration' OR
                      has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND
                      has_table_privilege(c.oid, 'DELETE')))) AS tables,
         (SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c
           WHERE c.relnamespace = n.oid AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END) AS sequences,
         (SELECT array_agg(DISTINCT p.proname::text) FROM pg_proc p
           WHERE p.pronamespace = n.oid AND NOT has_function_privilege(p.oid, 'EXECUTE')) AS functions
    FROM pg_namespace n WHERE n.nspname = $1`;

/** What is wrong with the rights of the connection's user in the queues' schema; nothing where there is no such schema yet. */
export async function rightsErrors(client: PgQueryable, schema: string): Promise<string[]> {
  const { rows } = await client.query<RightsRow>(ASK, [schema]);
  const [found] = rows;
  if (found === undefined) return [];
  const lacking = [
    ...(found.usage ? [] : [`USAGE ON SCHEMA "${schema}"`]),
    ...(found.tables ?? []).map(name => `SELECT, INSERT, UPDATE, DELETE ON "${schema}"."${name}"`),
    ...(found.sequences ?? []).map(name => `USAGE ON SEQUENCE "${schema}"."${name}"`),
    ...(found.functions ?? []).map(name => `EXECUTE ON FUNCTION "${schema}"."${name}"`),
  ];
  if (lacking.length === 0) return [];
  const [first = ''] = lacking;
  const more = lacking.length === 1 ? '' : ` and ${lacking.length - 1} more`;
  return [
    `Expected the database user of the engine's URL to have its rights in the schema "${schema}", but it lacks ${first}${more}. ` +
      'Use the user that ran "shiftwork migrate", or GRANT this to the other.',
  ];
}
