import type { PgPool } from 'bullmq';
import { isOutdated, readSchemaStanding, SchemaOutdatedError, type MigrationSql } from '../../migrations/index.ts';
import { searchPathProblem } from '../../sessions/index.ts';
import { EngineCheckError } from '../engine-check-error.ts';
import { schemaParts } from './queue-schema.ts';

/** What this release needs of the tables beside BullMQ's and does not find, a sentence for each part. */
export async function outdatedParts(sql: MigrationSql, schema: string): Promise<string[]> {
  const outdated: string[] = [];
  for (const part of schemaParts(schema)) {
    const standing = await readSchemaStanding(sql, part);
    if (isOutdated(standing)) outdated.push(new SchemaOutdatedError(standing).message);
  }
  return outdated;
}

/** @throws EngineCheckError, as a rejection, where the schema lacks something; the driver's error where it cannot be reached */
export async function insistOnSchema(pool: PgPool, schema: string): Promise<void> {
  const pooler = await searchPathProblem(pool, schema);
  if (pooler !== undefined) throw new EngineCheckError([pooler]);
  const outdated = await outdatedParts(pool, schema);
  if (outdated.length > 0) throw new EngineCheckError(outdated);
}
