/** Numbered migrations of what the platform keeps in PostgreSQL. Each room brings its own; this room runs them and says where a database stands. */
export { migrateSchema, type Migrated } from './migrate-schema.ts';
export type { MigrationSql } from './migration-sql.ts';
export { isOutdated, readSchemaStanding } from './read-standing.ts';
export { awaitSchema } from './await-schema.ts';
export { SchemaOutdatedError } from './schema-outdated-error.ts';
export type { Migration, SchemaPart } from './schema-part.ts';
