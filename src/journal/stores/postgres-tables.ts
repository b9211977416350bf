import { checkNamespace } from '../../config/index.ts';
import type { SchemaPart } from '../../migrations/index.ts';
import { DAY, KEPT_MS, MINUTES_KEPT_MS } from './journal-store.ts';

/** Of the journal of an installation in a database. @throws InvalidConfigError */
export function journalSchemaName(namespace: string | undefined): string {
  return checkNamespace(namespace) ? `shiftwork_journal_${namespace}` : 'shiftwork_journal';
}

/** Several chunks may be begun in one millisecond: an id is the time and so many more. */
export const IDS_A_MS = 1_000;

const PARTITIONED = ['failed', 'succeeded'] as const;

/**
 * What the journal is kept in. Chunks and their terms are partitioned by day, so that what is old goes at once: `days` makes the partitions of today
 * and tomorrow, and drops those that are too old, or of successes those for which there is no room.
 */
export function journalSchema(namespace?: string): SchemaPart {
  const schema = journalSchemaName(namespace);
  const tables = PARTITIONED.map(
    of => `
    create table if not exists "${schema}".${of}_chunk (id bigint not null, body text not null) partition by range (id);
    create index if not exists ${of}_chunk_id on "${schema}".${of}_chunk (id);
    create table if not exists "${schema}".${of}_term (id bigint not null, bucket smallint not null, marks text not null) partition by range (id);
    create index if not exists ${of}_term_bucket on "${schema}".${of}_term (bucket, id);`,
  );
  return {
    part: 'journal',
    schema,
    migrations: [
      {
        name: 'runs, counts, marks',
        up: `${tables.join('')}
    create sequence if not exists "${schema}".chunk_number;
    create table if not exists "${schema}".stretch (
      by_minute boolean not null,
      at bigint not null,
      contract text not null,
      queue text not null,
      numbers double precision[] not null,
      waited jsonb not null,
      ran jsonb not null,
      primary key (by_minute, at, contract)
    );
    create table if not exists "${schema}".mark (at bigint not null, body text not null, primary key (at, body));
    create table if not exists "${schema}".depth (at bigint not null, queue text not null, body text not null, primary key (at, queue));
    create table if not exists "${schema}".writer (name text primary key, seen bigint not null)`,
      },
    ],
    functions: functionsOf(schema),
  };
}

function functionsOf(schema: string): string {
  return `
  create or replace function "${schema}".sum_of(a jsonb, b jsonb) returns jsonb language sql immutable as $body$
    select coalesce(jsonb_object_agg(key, n), '{}') from (
      select key, sum(value::numeric) as n from (select * from jsonb_each_text(a) union all select * from jsonb_each_text(b)) as each
      group by key) as sums
  $body$;
  create or replace function "${schema}".days(p_now bigint, p_most bigint) returns void language plpgsql as $body$
  declare
    v_kind text;
    v_day bigint;
    v_name text;
    v_used bigint;
  begin
    perform pg_advisory_xact_lock(hashtext('${schema} days'));
    foreach v_kind in array array['failed_chunk', 'failed_term', 'succeeded_chunk', 'succeeded_term'] loop
      for v_day in select p_now / ${DAY} + ahead from generate_series(0, 1) as ahead loop
        v_name := v_kind || '_' || v_day;
        if to_regclass(format('"${schema}".%I', v_name)) is null then
          execute format('create table "${schema}".%I partition of "${schema}".%I for values from (%s) to (%s)',
            v_name, v_kind, v_day * ${DAY * IDS_A_MS}, (v_day + 1) * ${DAY * IDS_A_MS});
        end if;
      end loop;
      for v_name in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = format('"${schema}".%I', v_kind)::regclass
           and substring(c.relname from '\\d+$')::bigint < (p_now - ${KEPT_MS}) / ${DAY}
      loop
        execute format('drop table "${schema}".%I', v_name);
      end loop;
    end loop;
    -- Of successes the oldest days go where there is no room for them; today's stays.
    for v_day in
      select substring(c.relname from '\\d+$')::bigint from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = '"${schema}".succeeded_chunk'::regclass order by 1
    loop
      v_used := "${schema}".bytes('succeeded');
      exit when v_used <= p_most or v_day >= p_now / ${DAY};
      execute format('drop table "${schema}".%I', 'succeeded_chunk_' || v_day);
      execute format('drop table if exists "${schema}".%I', 'succeeded_term_' || v_day);
    end loop;
    delete from "${schema}".stretch where at < p_now - case when by_minute then ${MINUTES_KEPT_MS} else ${KEPT_MS} end;
    delete from "${schema}".mark where at < p_now - ${KEPT_MS};
    delete from "${schema}".depth where at < p_now - ${MINUTES_KEPT_MS};
    delete from "${schema}".writer where seen < p_now - ${DAY};
  end
  $body$;
  create or replace function "${schema}".bytes(p_of text) returns bigint language sql as $body$
    select coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint from pg_inherits i
     where i.inhparent in (format('"${schema}".%I', p_of || '_chunk')::regclass, format('"${schema}".%I', p_of || '_term')::regclass)
  $body$;`;
}
