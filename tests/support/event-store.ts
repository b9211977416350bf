import { Pool } from 'pg';
import { z } from 'zod';
import { defineEvent } from '../../src/contracts/index.ts';
import {
  EventStore,
  migrateEventStore,
  type EventStoreOptions,
  type StoredEvent,
} from '../../src/event-store/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { freshDatabase } from './engines.ts';

export const counted = defineEvent('counter.counted', { schema: z.object({ by: z.int() }) });
export const noted = defineEvent('note.taken', { schema: z.object({ text: z.string(), at: z.date() }) });

export interface StoreOfTest {
  readonly store: EventStore;
  readonly pool: Pool;
  readonly facts: Facts;
  readonly url: string;
  close(): Promise<void>;
}

/** An event store in a database of its own. */
export async function openStore(options: Partial<EventStoreOptions> = {}): Promise<StoreOfTest> {
  const database = await freshDatabase();
  const pool = new Pool({ connectionString: database.url, max: 20 });
  // The database may be dropped while a connection idles.
  pool.on('error', () => undefined);
  const facts = new Facts();
  await migrateEventStore(pool, options.namespace);
  const store = new EventStore({ pool, facts, events: [counted, noted], ...options });
  return {
    store,
    pool,
    facts,
    url: database.url,
    async close() {
      await store.settle();
      await pool.end();
      await database.drop();
    },
  };
}

export async function collect(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
