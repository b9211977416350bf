import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { engineCases, freshDatabase } from '../../../tests/support/engines.ts';
import { openEngine } from '../../engine/index.ts';
import { migrateSchema } from '../../migrations/index.ts';
import { writeFrame } from '../record/frame.ts';
import { termOf, termText } from '../record/terms.ts';
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

test('in PostgreSQL a search for what is in every chunk reads no more of them than it asks for', async () => {
  const database = await freshDatabase();
  const pool = new Pool({ connectionString: database.url, max: 2 });
  try {
    await migrateSchema(pool, journalSchema());
    let read = 0;
    const counted = {
      async query(text: string, values?: unknown[]) {
        const { rows } = await pool.query<object>(text, values);
        read += rows.length;
        return { rows };
      },
    };
    const store = new PostgresJournalStore(counted, journalSchemaName(undefined), WIDE);
    const now = Date.now();
    const recorder = { worker: 'w', host: 'h', release: undefined };
    for (let at = 0; at < 40; at += 1) {
      const jobId = `email-${at}`;
      const run = { jobId, jobName: 'welcome', queue: 'email', outcome: 'dead', endedAt: now, attempt: 1 } as const;
      const runs = [{ ...run, correlationId: at % 2 === 0 ? 'even' : 'odd', tags: [] }];
      const frames = [{ of: 'failed', ...writeFrame(recorder, runs) } as const];
      await store.append({ now: now + at, writer: 'w', frames, counts: [], marks: [], depths: [] });
    }
    read = 0;
    const span = { from: now - 1_000, to: now + 1_000 };
    const times = async (texts: readonly string[]) =>
      (await store.holding('failed', texts.map(termOf), span, 5)).map(id => Math.floor(id) - now);
    expect(await times([termText.contract('welcome')])).toEqual([39, 38, 37, 36, 35]);
    expect(await times([termText.contract('welcome'), termText.id('even')])).toEqual([38, 36, 34, 32, 30]);
    expect(await times([termText.contract('welcome'), termText.id('nobody')])).toEqual([]);
    expect(read).toBeLessThanOrEqual(15);
  } finally {
    await pool.end();
    await database.drop();
  }
});
