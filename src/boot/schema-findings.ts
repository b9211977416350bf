import type { Pool } from 'pg';
import type { App } from '../contracts/index.ts';
import { codeOf } from '../errors/index.ts';
import { isOutdated, readSchemaStanding, SchemaOutdatedError, type SchemaPart } from '../migrations/index.ts';
import { lentSessionProblem } from '../sessions/index.ts';
import { openDatabase } from './open-database.ts';
import { ROOMS } from './rooms.ts';

export interface SchemaFindings {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * How far the tables in DATABASE_URL are. Behind is an error, since what stands on them cannot start; none at all is a warning, since an app
 * without an outbox does well without them.
 */
export async function schemaFindings(
  url: string,
  namespace: string | undefined,
  app: App | undefined,
): Promise<SchemaFindings> {
  const pool = await openDatabase(url, 2);
  const errors: string[] = [];
  const warnings: string[] = [];
  try {
    const pooler = await lentSessionProblem(pool);
    if (pooler !== undefined) warnings.push(pooler);
    for (const { tables } of ROOMS) {
      if (tables === undefined || (app !== undefined && !tables.needed(app))) continue;
      await look(pool, await tables.schema(namespace), errors, warnings);
    }
  } catch (cause) {
    // The driver's message may repeat the URL.
    errors.push(
      `The database of DATABASE_URL could not be asked for its tables (${codeOf(cause) ?? 'no answer'}). Check that it runs and that the URL is right.`,
    );
  } finally {
    await pool.end();
  }
  return { errors, warnings };
}

async function look(pool: Pool, part: SchemaPart, errors: string[], warnings: string[]): Promise<void> {
  const standing = await readSchemaStanding(pool, part);
  if (!isOutdated(standing)) return;
  (standing.found === 0 ? warnings : errors).push(new SchemaOutdatedError(standing).message);
}
