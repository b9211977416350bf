import type { Pool } from 'pg';
import { KeyedDigests } from '../../../src/secrets/index.ts';

/** The digests of an app, keyed with a secret of its own: whoever sees an order's id, say, cannot try what it was made of. */
export type Digests = () => Promise<KeyedDigests>;

/** For a migration: a random text that is made once. Repeating it changes nothing. */
export function secretTable(table: string): string {
  return `
    create table if not exists ${table} (one boolean primary key default true check (one), value text not null);
    insert into ${table} (value) select replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') on conflict do nothing;`;
}

/** Read once, when they are needed first; again after an outage. */
export function digestsOf(pool: Pool, table: string): Digests {
  let reading: Promise<KeyedDigests> | undefined;
  const read = async (): Promise<KeyedDigests> => {
    const { rows } = await pool.query<{ value: string }>(`select value from ${table}`);
    const [row] = rows;
    if (row === undefined) throw new Error(`The table ${table} is empty: run the app's migration.`);
    return new KeyedDigests(row.value);
  };
  return () => {
    reading ??= read().catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
}
