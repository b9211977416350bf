import type { Pool } from 'pg';
import { migrateOutbox } from '../../../src/outbox/index.ts';
import { createOrderStore } from '../../../workers/index.ts';
import { secretTable } from './digests.ts';

/** Creates what the shop stores; safe to repeat, also by several at once. */
export async function migrateShop(pool: Pool, namespace?: string): Promise<void> {
  const client = await pool.connect();
  try {
    // "if not exists" alone is not enough: two that start together both find nothing.
    await client.query('select pg_advisory_lock(7264431)');
    await client.query(`create table if not exists shop_users (
      id text primary key,
      email text not null,
      name text not null,
      created_at timestamptz(3) not null default now()
    )`);
    await client.query('create unique index if not exists shop_users_email on shop_users (lower(email))');
    await client.query(`create table if not exists shop_password_resets (
      token_hash text primary key,
      asked_for text not null,
      user_id text references shop_users (id),
      created_at timestamptz not null default now()
    )`);
    await client.query(
      'create index if not exists shop_password_resets_asked on shop_password_resets (asked_for, created_at)',
    );
    await client.query(secretTable('shop_secret'));
    await client.query(`create table if not exists shop_shipments (
      order_id text primary key,
      carrier text,
      shipped_at timestamptz(3) not null default now()
    )`);
    await client.query(`create table if not exists shop_payments (
      id text primary key,
      order_id text not null,
      status text not null check (status in ('received', 'failed')),
      amount bigint not null,
      currency text not null,
      recorded_at timestamptz not null default now()
    )`);
  } finally {
    await client.query('select pg_advisory_unlock(7264431)').catch(() => undefined);
    client.release();
  }
  await createOrderStore(pool).migrate();
  await migrateOutbox(pool, namespace);
}
