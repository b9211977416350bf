import type { StoreNames } from './names.ts';

/**
 * The append, as a function of the database: one round trip, and what is expected is checked under the locks that make it hold.
 *
 * It takes a lock for each stream, in one order, so that appends to several streams cannot block each other for ever; reads each
 * stream's version; then lights its beacon (see `horizonSql`), draws positions and inserts.
 *
 * Answers `appended`, `repeated` (every event is there already, with these ids), or `conflict` (nothing was written). Events of
 * which some are there and others not are an exception: what was inserted must go again.
 */
export function appendSql({ schema, event, sequence, append, channel }: StoreNames): string {
  return `
create or replace function ${append} (
  -- A stream each.
  p_streams text[], p_expected bigint[],
  -- An event each; p_of says whose it is, p_nth the how many-th of that stream.
  p_of int[], p_nth int[], p_ids text[], p_types text[], p_schema_versions int[], p_payloads json[], p_dates text[],
  p_times timestamptz[], p_metadata json[], p_subjects text[], p_sealed text[],
  p_notify boolean,
  out outcome text, out versions bigint[], out positions bigint[],
  out stream text, out expected bigint, out actual bigint
) language plpgsql volatile as $body$
#variable_conflict use_column
declare
  v_count int := array_length(p_streams, 1);
  v_events int := array_length(p_ids, 1);
  v_heads bigint[] := '{}';
  v_head bigint;
  v_drawn bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'SWE02', message = 'append needs a read committed transaction';
  end if;
  if v_count = 1 then
    perform pg_advisory_xact_lock(hashtextextended(p_streams[1], hashtext('${schema}')));
  else
    perform pg_advisory_xact_lock(k.key)
    from (select distinct hashtextextended(s.name, hashtext('${schema}')) as key from unnest(p_streams) as s(name) order by 1) as k;
  end if;
  for i in 1 .. v_count loop
    v_head := coalesce((select e.version from ${event} e where e.stream = p_streams[i] order by e.version desc limit 1), 0);
    if not (p_expected[i] = -1 or p_expected[i] = v_head or (p_expected[i] = -2 and v_head > 0)) then
      select r.outcome, r.versions, r.positions into outcome, versions, positions
      from "${schema}".repeated(p_streams, p_of, p_ids, p_types, p_payloads, p_sealed) r;
      if outcome is not null then return; end if;
      outcome := 'conflict'; stream := p_streams[i]; expected := p_expected[i]; actual := v_head;
      return;
    end if;
    v_heads := v_heads || v_head;
  end loop;
  -- The beacon. Lit before the first position is drawn, out after the commit is visible to all.
  select case when is_called then last_value else last_value - 1 end into v_drawn from ${sequence};
  perform pg_advisory_xact_lock_shared(hashtext('${schema} horizon'), (mod(v_drawn, 4294967296) - 2147483648)::int);
  with inserted as (
    insert into ${event} (position, stream, version, id, type, schema_version, payload, dates, time, metadata, subject, sealed)
    select nextval('${sequence}'), p_streams[n.of], v_heads[n.of] + n.nth, n.id, n.type, n.schema_version, n.payload, n.dates,
           n.time, n.metadata, n.subject, n.sealed
    from unnest(p_of, p_nth, p_ids, p_types, p_schema_versions, p_payloads, p_dates, p_times, p_metadata, p_subjects, p_sealed)
      as n(of, nth, id, type, schema_version, payload, dates, time, metadata, subject, sealed)
    on conflict do nothing
    returning position
  )
  select array_agg(i.position order by i.position) into positions from inserted i;
  if coalesce(array_length(positions, 1), 0) <> v_events then
    if positions is null then
      select r.outcome, r.versions, r.positions into outcome, versions, positions
      from "${schema}".repeated(p_streams, p_of, p_ids, p_types, p_payloads, p_sealed) r;
      if outcome is not null then return; end if;
    end if;
    raise exception using errcode = 'SWE01', message = 'event ids are taken', detail = (
      select e.id from ${event} e where e.id = any(p_ids) order by e.position limit 1);
  end if;
  outcome := 'appended';
  for i in 1 .. v_count loop
    versions[i] := v_heads[i] + (select count(*) from unnest(p_of) as n(of) where n.of = i);
  end loop;
  if p_notify then perform pg_notify('${channel}', ''); end if;
end $body$;

create or replace function "${schema}".repeated (
  p_streams text[], p_of int[], p_ids text[], p_types text[], p_payloads json[], p_sealed text[],
  out outcome text, out versions bigint[], out positions bigint[]
) language plpgsql volatile as $body$
#variable_conflict use_column
declare
  v_found int;
  v_same int;
begin
  select count(e.id),
         count(*) filter (
           -- What is sealed is written differently each time.
           where e.stream = p_streams[n.of] and e.type = n.type
             and (e.sealed is not null or n.sealed is not null or e.payload::text = n.payload::text)
         ),
         array_agg(e.position order by n.nr)
    into v_found, v_same, positions
    from unnest(p_of, p_ids, p_types, p_payloads, p_sealed) with ordinality as n(of, id, type, payload, sealed, nr)
    left join ${event} e on e.id = n.id;
  if v_same = array_length(p_ids, 1) then
    outcome := 'repeated';
    versions := array(
      select max(e.version) from unnest(p_of, p_ids) as n(of, id) join ${event} e on e.id = n.id group by n.of order by n.of);
  elsif v_found > 0 then
    raise exception using errcode = 'SWE01', message = 'event ids are taken', detail = (
      select e.id from ${event} e where e.id = any(p_ids) order by e.position limit 1);
  end if;
end $body$;
`;
}

/**
 * Up to which position everything is decided: no event will ever appear at or below it that is not there now.
 *
 * Positions are drawn before the commit, so a smaller one may become visible later than a larger one. Each append lights a beacon
 * before it draws: a shared advisory lock on the last position that was drawn by then, so all of its own are larger. The database puts
 * it out after the commit is visible, or after the rollback, also when the process is killed. Read in this order (the last position
 * drawn, then the beacons, then the events in a statement of their own) nothing can slip through: an append that drew a position
 * up to the first reading had its beacon lit by the second, or had ended before the third.
 */
export function horizonSql({ schema, sequence, horizon }: StoreNames): string {
  return `
create or replace function ${horizon}() returns bigint language plpgsql volatile as $body$
declare
  v_drawn bigint;
  v_lowest bigint;
begin
  select case when is_called then last_value else last_value - 1 end into v_drawn from ${sequence};
  -- A lock's key has 32 bits; the beacons of appends that run now are within 2^31 positions of the last.
  select min(v_drawn - b.behind) into v_lowest
  from (
    select mod(mod(v_drawn - mod(l.objid::bigint + 2147483648, 4294967296), 4294967296) + 4294967296, 4294967296) as behind
    from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid = (mod(hashtext('${schema} horizon')::bigint + 4294967296, 4294967296))::oid
  ) b
  where b.behind < 2147483648;
  return coalesce(v_lowest, v_drawn);
end $body$;
`;
}
