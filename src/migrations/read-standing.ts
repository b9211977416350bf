import type { MigrationSql } from './migration-sql.ts';
import { recordOf, type SchemaPart } from './schema-part.ts';

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
export async function readSchemaStanding(
  sql: MigrationSql,
  { part, schema, migrations }: SchemaPart,
): Promise<SchemaStanding> {
  const found = await newestOf(sql, recordOf(schema), part);
  return {
    part,
    found,
    newest: migrations.length,
    missing: migrations.slice(found).map(({ name }) => name),
  };
}

async function newestOf(sql: MigrationSql, record: string, part: string): Promise<number> {
  const { rows } = await sql.query(`select to_regclass($1) is not null as there`, [record]);
  if (!isTrue(rows[0], 'there')) return 0;
  const newest = await sql.query(`select coalesce(max(number), 0)::int as number from ${record} where part = $1`, [
    part,
  ]);
  const row: unknown = newest.rows[0];
  return typeof row === 'object' && row !== null && 'number' in row && typeof row.number === 'number' ? row.number : 0;
}

function isTrue(row: unknown, field: string): boolean {
  return typeof row === 'object' && row !== null && Reflect.get(row, field) === true;
}
