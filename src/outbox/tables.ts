import { checkNamespace } from '../config/index.ts';
import { migrateSchema, type Migrated, type MigrationSql, type SchemaPart } from '../migrations/index.ts';

/** What the outbox needs of a node-postgres client or pool: inside a transaction, that transaction's client. */
export interface Sql {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>;
}

/** What of a transaction is enough to write into the outbox. */
export interface SqlTransaction extends NoPool {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** A pool is no transaction: each of its statements runs in one of its own. It has this, and its clients do not. */
export interface NoPool {
  readonly totalCount?: never;
}

/** Qualified names: the app's search path may be anything. */
export interface Tables {
  readonly schema: string;
  readonly entry: string;
  readonly slot: string;
  readonly deduplication: string;
  readonly secret: string;
  readonly unrecorded: string;
  /** LISTEN and NOTIFY. */
  readonly channel: string;
}

/** Entries with one key share a slot, and one relay at a time works on a slot: so keys keep their order with several relays. */
export const SLOTS = 64;

/** @throws InvalidConfigError */
export function tablesOf(namespace: string | undefined): Tables {
  const schema = checkNamespace(namespace) ? `shiftwork_outbox_${namespace}` : 'shiftwork_outbox';
  return {
    schema,
    entry: `"${schema}".entry`,
    slot: `"${schema}".slot`,
    deduplication: `"${schema}".inbox`,
    secret: `"${schema}".secret`,
    unrecorded: `"${schema}".unrecorded`,
    channel: schema,
  };
}

/** What the outbox stores. */
export function outboxSchema(namespace?: string): SchemaPart {
  const tables = tablesOf(namespace);
  const { schema, entry, slot, deduplication, secret, unrecorded } = tables;
  return {
    part: 'outbox',
    schema,
    migrations: [
      {
        name: 'entries, slots, inbox',
        up: `
    create table if not exists ${entry} (
      position bigint generated always as identity primary key,
      slot smallint not null,
      kind text not null check (kind in ('job', 'event')),
      id text not null,
      -- A job's queue, an event's type.
      target text not null,
      name text not null,
      body text not null,
      created_at timestamptz not null default clock_timestamp(),
      sent_at timestamptz,
      -- Put back by reconcile: the engine's own memory of keys must not stop it.
      again boolean not null default false,
      -- Why it cannot be sent, ever.
      stuck text
    );
    -- It did not know jobs from events, and a thousand events that wait for a bus stood before each job.
    drop index if exists "${schema}".entry_to_send;
    -- Only where they are missing: to look whether they are there takes a lock that waits for every transaction that has written here,
    -- and meanwhile all others would wait behind it.
    do $do$ begin
      if to_regclass('"${schema}".entry_waiting') is null then
        create index entry_waiting on ${entry} (kind, slot, position) where sent_at is null and stuck is null;
      end if;
      if to_regclass('"${schema}".entry_job') is null then
        create index entry_job on ${entry} (id) where kind = 'job';
      end if;
    end $do$;
    create table if not exists ${slot} (slot smallint primary key);
    insert into ${slot} select generate_series(0, ${SLOTS - 1}) on conflict do nothing;
    create table if not exists ${deduplication} (
      subscription text not null,
      event_id text not null,
      seen_at timestamptz not null default now(),
      primary key (subscription, event_id)
    );
    create index if not exists inbox_seen on ${deduplication} (seen_at);
        `,
      },
      {
        name: 'the secret of ids, where there is no SHIFTWORK_SECRET',
        // A copy of the engine's own, as soon as a relay has seen both. 244 random bits.
        up: `
    create table if not exists ${secret} (one boolean primary key default true check (one), value text not null);
    insert into ${secret} (value) select replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') on conflict do nothing;
        `,
      },
      {
        name: 'hosts that record no ends',
        up: `create table if not exists ${unrecorded} (host text primary key, seen_at timestamptz not null);`,
      },
      { name: 'one word to the relay for those that commit together', up: wordSql(tables) },
    ],
  };
}

/**
 * NOTIFY takes a lock of the whole database from the beginning of a commit to its end, so that commits cannot share a flush of the disk: said
 * in each transaction it cost 16 writers 6 of 10 commits (`npm run bench:notify`). So of those that commit at the moment one says it: a trigger that
 * runs as the commit begins tries a lock, which is free again when that commit is visible. The relay looks again for the others.
 */
function wordSql({ schema, entry, channel }: Tables): string {
  return `
    create or replace function "${schema}".say_word() returns trigger language plpgsql as $body$
    begin
      if pg_try_advisory_xact_lock(hashtextextended('${schema} word', 0)) then perform pg_notify('${channel}', ''); end if;
      return null;
    end $body$;
    drop trigger if exists say_word on ${entry};
    create constraint trigger say_word after insert on ${entry} deferrable initially deferred
      for each row execute function "${schema}".say_word();
  `;
}

/** Creates or upgrades what the outbox stores; safe to repeat, and for two at once. */
export async function migrateOutbox(sql: MigrationSql, namespace?: string): Promise<Migrated> {
  return migrateSchema(sql, outboxSchema(namespace));
}
