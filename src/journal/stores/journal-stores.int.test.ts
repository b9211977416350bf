import { Pool } from 'pg';
import { engineCases, freshDatabase } from '../../../tests/support/engines.ts';
import { openEngine } from '../../engine/index.ts';
import { migrateSchema } from '../../migrations/index.ts';
import { journalStoreContract } from './journal-stores.contract-suite.ts';
import { PostgresJournalStore } from './postgres-store.ts';
import { journalSchema, journalSchemaName } from './postgres-tables.ts';
import { RedisJournalStore } from './redis-store.ts';
import type { Bounds } from './journal-store.ts';

const WIDE: Bounds = { failed: 64_000_000, succeeded: 64_000_000 };

journalStoreContract('Redis', async () => {
  const place = await engineCases[0]?.open();
  if (place === undefined) throw new Error('There is no Redis.');
  const engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
  const backing = await engine.backing();
  if (backing.kind !== 'redis') throw new Error('Expected Redis.');
  return {
    store: (bounds = WIDE) => new RedisJournalStore(backing.commands, backing.keys, bounds),
    async close() {
      await engine.close();
      await place.cleanup();
    },
  };
});

journalStoreContract('PostgreSQL', async () => {
  const database = await freshDatabase();
  const pool = new Pool({ connectionString: database.url, max: 2 });
  await migrateSchema(pool, journalSchema());
  return {
    store: (bounds = WIDE) => new PostgresJournalStore(pool, journalSchemaName(undefined), bounds),
    async close() {
      await pool.end();
      await database.drop();
    },
  };
});
