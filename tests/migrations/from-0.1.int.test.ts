import { readFileSync } from 'node:fs';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../src/contracts/index.ts';
import { EventStore, eventStoreSchema, migrateEventStore } from '../../src/event-store/index.ts';
import { readSchemaStanding } from '../../src/migrations/index.ts';
import { migrateOutbox, outboxSchema, readOutboxStatus } from '../../src/outbox/index.ts';
import { freshDatabase } from '../support/engines.ts';

const RELEASE = readFileSync(new URL('release-0.1.sql', import.meta.url), 'utf8');
const opened = defineEvent('account.opened', { schema: z.object({ owner: z.string() }) });

test('the tables of 0.1 are taken over with what is in them, and events and entries go on', async () => {
  const database = await freshDatabase();
  const pool = new Pool({ connectionString: database.url, max: 4 });
  try {
    await pool.query(RELEASE);
    await pool.query(`
      insert into shiftwork_outbox.entry (slot, kind, id, target, name, body)
      values (1, 'job', 'email-0mhx-abc', 'email', 'welcome-email', '{}');
      insert into shiftwork_events.event (position, stream, version, id, type, schema_version, payload, time, metadata)
      values (nextval('shiftwork_events.position'), 'account-1', 1, 'e1', 'account.opened', 1, '{"owner":"u1"}', now(), '{}');
    `);
    expect(await readSchemaStanding(pool, outboxSchema())).toMatchObject({ found: 0 });
    expect((await migrateOutbox(pool)).applied).toContain('entries, slots, inbox');
    await migrateEventStore(pool);
    for (const part of [outboxSchema(), eventStoreSchema()]) {
      const { found, newest } = await readSchemaStanding(pool, part);
      expect(found).toBe(newest);
    }
    expect((await readOutboxStatus(pool)).pending).toBe(1);
    const store = new EventStore({ pool, events: [opened] });
    await store.append('account-1', [opened({ owner: 'u2' })], { expectedVersion: 1 });
    const owners: unknown[] = [];
    for await (const { payload } of store.readStream('account-1')) owners.push(payload);
    expect(owners).toEqual([{ owner: 'u1' }, { owner: 'u2' }]);
  } finally {
    await pool.end();
    await database.drop();
  }
});
