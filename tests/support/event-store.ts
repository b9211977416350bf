import { Pool } from 'pg';
import { z } from 'zod';
import { defineEvent } from '../../src/contracts/index.ts';
import {
  defineProjection,
  EventStore,
  is,
  migrateEventStore,
  type EventStoreOptions,
  type Projection,
  type StoredEvent,
} from '../../src/event-store/index.ts';
import { partsOf } from '../../src/event-store/event-store.ts';
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
  const database = await freshDatabase('migrated_stores');
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

/** What the store's tables are called. */
export function tablesOf(store: EventStore): ReturnType<typeof partsOf>['names'] {
  return partsOf(store).names;
}

export async function collect(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Adds up what was counted, each event in a statement of its own; `written` is awaited before the batch is committed. */
export function sumsProjection(written: () => Promise<void> = async () => undefined): Projection {
  return defineProjection({
    name: 'sums',
    shape: 1,
    events: [counted],
    tables: 'create table sum (stream text primary key, total int not null, events int not null)',
    async project(events, tx) {
      for (const event of events) {
        if (!is(counted, event)) continue;
        await tx.query(
          `insert into sum values ($1, $2, 1)
           on conflict (stream) do update set total = sum.total + excluded.total, events = sum.events + 1`,
          [event.stream, event.payload.by],
        );
      }
      await written();
    },
  });
}
