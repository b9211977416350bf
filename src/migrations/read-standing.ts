import type { MigrationSql } from './migration-sql.ts';
import { digestOf, functionsOf, recordOf, type SchemaPart } from './schema-part.ts';

export interface SchemaStanding {
  readonly part: string;
  /** The newest number that the database has; 0 for none. */
  readonly found: number;
  /** The newest number that this release brings. */
  readonly newest: number;
  /** Names of what is missing, in order. */
  readonly missing: readonly string[];
}

/** Asks how far a part's schema is. A database with newer numbers than this release knows is not behind: the release before the newest still runs. */
export async function readSchemaStanding(sql: MigrationSql, part: SchemaPart): Promise<SchemaStanding> {
  const { migrations } = part;
  const { found, hasFunctions } = await recordIn(sql, part);
  const missing = migrations.slice(found).map(({ name }) => name);
  return {
    part: part.part,
    found,
    newest: migrations.length,
    missing: found > migrations.length || hasFunctions ? missing : [...missing, 'functions of this release'],
  };
}

/** Whether the database lacks something that this release needs. */
export function isOutdated({ missing }: SchemaStanding): boolean {
  return missing.length > 0;
}

async function recordIn(
  sql: MigrationSql,
  { part, schema, functions }: SchemaPart,
): Promise<{ readonly found: number; readonly hasFunctions: boolean }> {
  const record = recordOf(schema);
  const { rows } = await sql.query(`select to_regclass($1) is not null as there`, [record]);
  if (field(rows[0], 'there') !== true) return { found: 0, hasFunctions: functions === undefined };
  const asked = await sql.query(
    `select coalesce(max(number) filter (where part = $1), 0)::int as number, bool_or(part = $2 and name = $3) as functions
     from ${record} where part in ($1, $2)`,
    [part, functionsOf(part), functions === undefined ? '' : digestOf(functions)],
  );
  const found = field(asked.rows[0], 'number');
  return {
    found: typeof found === 'number' ? found : 0,
    hasFunctions: functions === undefined || field(asked.rows[0], 'functions') === true,
  };
}

function field(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined;
}
