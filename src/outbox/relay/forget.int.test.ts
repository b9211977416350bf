import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../../tests/support/engines.ts';
import { forgetOld } from './forget.ts';
import { migrateOutbox, onceInTransaction } from '../index.ts';
import { tablesOf } from '../tables.ts';
import { inTransaction } from '../../../tests/support/in-transaction.ts';

test('keys of effects are forgotten by age: an old one counts as new again, a young one does not', async () => {
  const database = await freshDatabase();
  const pool = new Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined);
  await migrateOutbox(pool);
  const tables = tablesOf(undefined);
  const isFirst = (key: string): Promise<boolean> =>
    inTransaction(pool, tx => onceInTransaction(tx, 'payments', key, () => undefined));
  expect([await isFirst('old'), await isFirst('young'), await isFirst('young')]).toEqual([true, true, false]);
  await pool.query(`update ${tables.deduplication} set seen_at = now() - interval '91 days' where event_id = 'old'`);
  await forgetOld(pool, tables, { sentMs: 30 * 86_400_000, seenMs: 90 * 86_400_000 });
  expect([await isFirst('old'), await isFirst('young')]).toEqual([true, false]);
  await pool.end();
  await database.drop();
});
