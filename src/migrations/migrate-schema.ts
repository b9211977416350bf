import type { MigrationSql } from './migration-sql.ts';
import { readSchemaStanding } from './read-standing.ts';
import { migrationText, type SchemaPart } from './schema-part.ts';

export interface Migrated {
  readonly part: string;
  /** The newest number before and after. */
  readonly from: number;
  readonly to: number;
  /** Names of what was run, in order. */
  readonly applied: readonly string[];
}

/** Brings a part's schema to this release; safe to repeat, and for two at once. Everything or nothing: it is one transaction. */
export async function migrateSchema(sql: MigrationSql, part: SchemaPart): Promise<Migrated> {
  const before = await readSchemaStanding(sql, part);
  await sql.query(migrationText(part));
  return {
    part: part.part,
    from: before.found,
    to: Math.max(before.found, before.newest),
    applied: before.missing,
  };
}
