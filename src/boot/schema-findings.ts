import type { Pool } from 'pg';
import type { App } from '../contracts/index.ts';
import { readSchemaStanding, SchemaOutdatedError, type SchemaPart } from '../migrations/index.ts';
import { openDatabase } from './open-database.ts';

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
  const pool = await openDatabase(url, 1);
  const errors: string[] = [];
  const warnings: string[] = [];
  try {
    for (const part of await partsOf(namespace, app)) await look(pool, part, errors, warnings);
  } catch (cause) {
    errors.push(
      `The database of DATABASE_URL could not be asked for its tables (${codeOf(cause)}). Check that it runs and that the URL is right.`,
    );
  } finally {
    await pool.end();
  }
  return { errors, warnings };
}

async function partsOf(namespace: string | undefined, app: App | undefined): Promise<readonly SchemaPart[]> {
  const { outboxSchema } = await import('../outbox/index.ts');
  if (app?.eventStore === undefined) return [outboxSchema(namespace)];
  const { eventStoreSchema } = await import('../event-store/index.ts');
  return [outboxSchema(namespace), eventStoreSchema(namespace)];
}

async function look(pool: Pool, part: SchemaPart, errors: string[], warnings: string[]): Promise<void> {
  const standing = await readSchemaStanding(pool, part);
  if (standing.found >= standing.newest) return;
  (standing.found === 0 ? warnings : errors).push(new SchemaOutdatedError(standing).message);
}

/** The driver's message may repeat the URL. */
function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
}
