import { appendSql, safePositionSql } from '../append/append-sql.ts';
import { namesOf } from './names.ts';
import { migrateSchema, type Migrated, type MigrationSql, type SchemaPart } from '../../migrations/index.ts';

/** What the event store keeps. */
export function eventStoreSchema(namespace?: string): SchemaPart {
  const names = namesOf(namespace);
  const { schema, event, sequence, snapshot, subjectKey, projection, parked } = names;
  return {
    part: 'event store',
    schema,
    migrations: [
      {
        name: 'events, snapshots, keys, projections, parked events',
        up: `
    create sequence if not exists ${sequence} as bigint;
    create table if not exists ${event} (
      position bigint primary key,
      stream text collate "C" not null,
      version bigint not null check (version > 0),
      id text collate "C" not null unique,
      type text collate "C" not null,
      schema_version int not null,
      -- As it was given: json keeps the order of the fields, and any text that JSON can hold.
      payload json not null,
      -- JSON Pointers of dates, as a JSON array.
      dates text,
      time timestamptz not null,
      recorded_at timestamptz not null default clock_timestamp(),
      metadata json not null,
      -- Whose personal data is in \`sealed\`, readable while that subject's key is kept.
      subject text collate "C",
      sealed text,
      unique (stream, version)
    );
    create or replace function "${schema}".refuse_change() returns trigger language plpgsql as $body$
    begin
      raise exception using errcode = 'SWE03',
        message = 'events are never changed: ' || lower(tg_op) || ' was refused',
        hint = 'Append an event that corrects; personal data is erased with the key of its subject.';
    end $body$;
    -- Only where they are missing: to look whether they are there takes a lock that waits for every append under way, and meanwhile
    -- all others would wait behind it.
    do $do$ begin
      if to_regclass('"${schema}".event_subject') is null then
        create index event_subject on ${event} (subject) where subject is not null;
      end if;
      if not exists (
        select 1 from pg_trigger where tgrelid = '${event}'::regclass and tgname = 'event_is_for_ever' and tgenabled = 'A'
      ) then
        create or replace trigger event_is_for_ever before update or delete or truncate on ${event}
          for each statement execute function "${schema}".refuse_change();
        -- Also in a session that keeps triggers still, as replication and restores do.
        alter table ${event} enable always trigger event_is_for_ever;
      end if;
    end $do$;
    create table if not exists ${snapshot} (
      stream text collate "C" primary key,
      version bigint not null,
      shape text not null,
      state json not null,
      taken_at timestamptz not null default now()
    );
    create table if not exists ${subjectKey} (
      subject text collate "C" primary key,
      -- Null: thrown away.
      key bytea,
      created_at timestamptz not null default now(),
      erased_at timestamptz
    );
    create table if not exists ${projection} (
      name text not null,
      generation text not null check (generation in ('live', 'next')),
      shape int not null,
      checkpoint bigint not null default 0,
      -- Who may write, until when; the token rises with each new owner, and a write with an old one is refused.
      owner text,
      token bigint not null default 0,
      lease_until timestamptz,
      stopped_at bigint,
      stopped_because text,
      updated_at timestamptz not null default now(),
      primary key (name, generation)
    );
    -- Behind which position it begins, also when it is built anew. Where the table was made without it; a lock only then.
    do $do$ begin
      if not exists (
        select 1 from pg_attribute where attrelid = '${projection}'::regclass and attname = 'begins_at' and not attisdropped
      ) then
        alter table ${projection} add column begins_at bigint not null default 0;
      end if;
    end $do$;
    create table if not exists ${parked} (
      name text not null,
      generation text not null,
      position bigint not null,
      stream text collate "C" not null,
      -- Null: it only waits behind an earlier event of its stream.
      error text,
      parked_at timestamptz not null default now(),
      primary key (name, generation, position)
    );
    do $do$ begin
      if to_regclass('"${schema}".parked_stream') is null then
        create index parked_stream on ${parked} (name, generation, stream);
      end if;
    end $do$;
        `,
      },
    ],
    functions: `${appendSql(names)}
    ${safePositionSql(names)}`,
  };
}

/** Creates or upgrades what the event store keeps; safe to repeat, and for two at once. */
export async function migrateEventStore(sql: MigrationSql, namespace?: string): Promise<Migrated> {
  return migrateSchema(sql, eventStoreSchema(namespace));
}
