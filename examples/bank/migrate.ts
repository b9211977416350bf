import type { Pool } from 'pg';
import { migrateEventStore } from '../../src/event-store/index.ts';
import { secretTable } from '../shop/store/digests.ts';

/** Creates what the bank stores beside its read models; safe to repeat, also by several at once. */
export async function migrateBank(pool: Pool): Promise<void> {
  await migrateEventStore(pool);
  await pool.query(`
    begin;
    select pg_advisory_xact_lock(hashtext('bank'));
    create schema if not exists bank;
    create table if not exists bank.request (
      key text primary key,
      -- Of what was asked under the key.
      digest text not null,
      status int,
      body json,
      created_at timestamptz not null default now()
    );
    ${secretTable('bank.secret')}
    commit;
  `);
}
