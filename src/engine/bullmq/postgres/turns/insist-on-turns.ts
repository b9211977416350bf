import type { PgPool } from 'bullmq';
import { EngineCheckError } from '../../../engine-check-error.ts';
import { notMigrated } from '../../../postgres/not-migrated.ts';

/** @throws EngineCheckError, as a rejection, where the schema lacks what turns are made of; the driver's error where it cannot be reached */
export async function insistOnTurns(pool: PgPool, schema: string): Promise<void> {
  const { rows } = await pool.query<{ there: boolean }>(
    'SELECT to_regproc($1) IS NOT NULL AND to_regproc($2) IS NOT NULL AS there',
    [`"${schema}".shiftwork_hold_key`, `"${schema}".shiftwork_bring_members`],
  );
  if (rows[0]?.there !== true) throw new EngineCheckError([notMigrated(schema)]);
}
