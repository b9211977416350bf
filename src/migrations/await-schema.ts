import type { MigrationSql } from './migration-sql.ts';
import { isOutdated, readSchemaStanding } from './read-standing.ts';
import { SchemaOutdatedError } from './schema-outdated-error.ts';
import type { SchemaPart } from './schema-part.ts';
import { sleepOrStop } from '../time/index.ts';

const AGAIN_MS = 1_000;

/**
 * For a process that is about to stand on a part's tables. In a deploy it may start before the migration has ended, so it waits;
 * `onOutdated` is called once, with what to do. A database that does not answer is no reason to wait here: whoever stands on it waits for it.
 */
export async function awaitSchema(
  sql: MigrationSql,
  part: SchemaPart,
  { onOutdated, signal }: { readonly onOutdated: (error: SchemaOutdatedError) => void; readonly signal: AbortSignal },
): Promise<void> {
  let said = false;
  while (!signal.aborted) {
    const standing = await readSchemaStanding(sql, part).catch(() => undefined);
    if (standing === undefined || !isOutdated(standing)) return;
    if (!said) onOutdated(new SchemaOutdatedError(standing));
    said = true;
    await sleepOrStop(AGAIN_MS, signal);
  }
}
