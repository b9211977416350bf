import type { Engine } from '../engine/index.ts';
import type { Bounds, JournalStore } from './stores/journal-store.ts';
import { MemoryJournalStore } from './stores/memory-store.ts';
import { PostgresJournalStore, type JournalSql } from './stores/postgres-store.ts';
import { journalSchemaName } from './stores/postgres-tables.ts';
import { RedisJournalStore } from './stores/redis-store.ts';

const MB = 1_048_576;

/** Memory is dear in the queues' Redis. */
export const REDIS_BOUNDS: Bounds = { failed: 64 * MB, succeeded: 64 * MB };
/** Failures stay for fourteen days, whatever they take. */
export const POSTGRES_BOUNDS: Bounds = { failed: Number.MAX_SAFE_INTEGER, succeeded: 1_024 * MB };

/** A PostgreSQL that has the journal's tables. */
export interface JournalDatabase {
  readonly sql: JournalSql;
  readonly namespace: string | undefined;
}

/** What engines in memory share lives as long as what they are opened on. */
const inMemory = new WeakMap<object, Map<string, MemoryJournalStore>>();

/**
 * The journal of an installation: in that database, else beside the engine's queues, on their connection. Nothing of its own to close. An engine on
 * PostgreSQL is a database too.
 */
export async function openJournal(engine: Engine, database?: JournalDatabase): Promise<JournalStore> {
  if (database !== undefined) {
    return new PostgresJournalStore(database.sql, journalSchemaName(database.namespace), POSTGRES_BOUNDS);
  }
  const backing = await engine.backing();
  switch (backing.kind) {
    case 'redis':
      return new RedisJournalStore(backing.commands, backing.keys, REDIS_BOUNDS);
    case 'postgres':
      return new PostgresJournalStore(backing.pool, journalSchemaName(backing.namespace), POSTGRES_BOUNDS);
    case 'memory': {
      const { server, namespace } = backing;
      const stores = inMemory.get(server) ?? new Map<string, MemoryJournalStore>();
      inMemory.set(server, stores);
      const store = stores.get(namespace) ?? new MemoryJournalStore(REDIS_BOUNDS);
      stores.set(namespace, store);
      return store;
    }
  }
}
