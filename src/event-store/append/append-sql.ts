import type { StoreNames } from '../schema/names.ts';

/**
 * The append, as a function of the database: one round trip, and what is expected is checked under the locks that make it hold.
 *
 * It takes a lock for each stream, in one order, so that appends to several streams cannot block each other for ever; reads each
 * stream's version; then takes its position lock (see `safePositionSql`), draws positions and inserts.
 *
 * Answers `appended`, `repeated` (every event is there already, with these ids), or `conflict` (nothing was written). Events of
 * which some are there and others not, or as others, are an exception.
 */
export function appendSql({ schema, event, sequence, append, channel }: StoreNames): string {
  return `
create or replace function ${append} (
  -- A stream each, and how many of the events are its own.
  p_streams text[], p_expected bigint[], p_counts int[],
  -- Stream by stream: {i: id, t: type, v: version of the schema, p: payload, o: time, m: metadata, and where there are any d: dates,
  -- s: subject, x: sealed}. One JSON costs a third of as many arrays.
  p_events json,
  -- The ids that the caller has chosen: they may be there already.
  p_ids text[],
  p_notify boolean,
  out outcome text, out versions bigint[], out positions bigint[],
  out stream text, out expected bigint, out actual bigint
) language plpgsql volatile as $body$
#variable_conflict use_column
declare
  v_count int := array_length(p_streams, 1);
  v_heads bigint[] := '{}';
  v_head bigint;
  v_conflict int;
  v_drawn bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'SWE02', message = 'append needs a read committed transaction';
  end if;
  if v_count = 1 then
    perform pg_advisory_xact_lock(hashtextextended(p_streams[1], ${seed(schema)}));
  else
    perform pg_advisory_xact_lock(k.key)
    from (select distinct hashtextextended(s.name, ${seed(schema)}) as key from unnest(p_streams) as s(name) order by 1) as k;
  end if;
  for i in 1 .. v_count loop
    v_head := coalesce((select e.version from ${event} e where e.stream = p_streams[i] order by e.version desc limit 1), 0);
    v_heads[i] := v_head;
    versions[i] := v_head + p_counts[i];
    if v_conflict is null and not (p_expected[i] = -1 or p_expected[i] = v_head or (p_expected[i] = -2 and v_head > 0)) then
      v_conflict := i;
    end if;
  end loop;
  if p_ids is not null and exists (select 1 from ${event} e where e.id = any(p_ids)) then
    select r.versions, r.positions into versions, positions from "${schema}".repeated(p_streams, p_counts, p_events) r;
    outcome := 'repeated';
    return;
  end if;
  if v_conflict is not null then
    outcome := 'conflict'; stream := p_streams[v_conflict]; expected := p_expected[v_conflict]; actual := v_heads[v_conflict];
    return;
  end if;
  -- The position lock. Taken before the first position is drawn, released after the commit is visible to all.
  select case when is_called then last_value else last_value - 1 end into v_drawn from ${sequence};
  perform pg_advisory_xact_lock_shared(${positionLock(schema)}, (mod(v_drawn, 4294967296) - 2147483648)::int);
  if v_count = 1 then
    with inserted as (
      insert into ${event} (position, stream, version, id, type, schema_version, payload, dates, time, metadata, subject, sealed)
      select nextval('${sequence}'), p_streams[1], v_head + n.nr, n.i, n.t, n.v, n.p, n.d, n.o, n.m, n.s, n.x
      from rows from (json_to_recordset(p_events) as (${RECORD})) with ordinality as n(${RECORD_NAMES}, nr)
      returning position
    )
    select array_agg(i.position) into positions from inserted i;
  else
    with due as (
      select n.*, s.index, row_number() over (partition by s.index order by n.nr) as nth
      from rows from (json_to_recordset(p_events) as (${RECORD})) with ordinality as n(${RECORD_NAMES}, nr)
      join (select c.index, sum(c.count) over (order by c.index) as upto, c.count from unnest(p_counts) with ordinality as c(count, index)) s
        on n.nr > s.upto - s.count and n.nr <= s.upto
    ), inserted as (
      insert into ${event} (position, stream, version, id, type, schema_version, payload, dates, time, metadata, subject, sealed)
      select nextval('${sequence}'), p_streams[n.index], v_heads[n.index] + n.nth, n.i, n.t, n.v, n.p, n.d, n.o, n.m, n.s, n.x
      from (select * from due order by nr) n
      returning position
    )
    select array_agg(i.position) into positions from inserted i;
  end if;
  outcome := 'appended';
  if p_notify then perform pg_notify('${channel}', ''); end if;
end $body$;

create or replace function "${schema}".repeated (
  p_streams text[], p_counts int[], p_events json, out versions bigint[], out positions bigint[]
) language plpgsql volatile as $body$
#variable_conflict use_column
declare
  v_same int;
  v_taken text;
begin
  with s as (
    select c.index, sum(c.count) over (order by c.index) as upto, c.count from unnest(p_counts) with ordinality as c(count, index)
  ), due as (
    select n.*, s.index, e.position, e.version, e.id as found,
           -- What is sealed is written differently each time.
           e.stream = p_streams[s.index] and e.type = n.t
             and (e.sealed is not null or n.x is not null or e.payload::text = n.p::text) as same
    from rows from (json_to_recordset(p_events) as (${RECORD})) with ordinality as n(${RECORD_NAMES}, nr)
    join s on n.nr > s.upto - s.count and n.nr <= s.upto
    left join ${event} e on e.id = n.i
  )
  select count(*) filter (where same), min(found) filter (where found is not null), array_agg(position order by nr),
         (select array_agg(h.version order by h.index) from (select index, max(version) as version from due group by index) h)
    into v_same, v_taken, positions, versions
    from due;
  if v_same <> (select sum(c) from unnest(p_counts) c) then
    raise exception using errcode = 'SWE01', message = 'event ids are taken', detail = v_taken;
  end if;
end $body$;
`;
}

/** How the events come: short names, since each event repeats them. */
const RECORD = 'i text, t text, v int, p json, d text, o timestamptz, m json, s text, x text';
const RECORD_NAMES = 'i, t, v, p, d, o, m, s, x';

/** Keeps this store's stream locks apart from those of other stores in the database. */
function seed(schema: string): string {
  return `hashtext('${schema}')`;
}

/** The first half of a position lock's key. */
function positionLock(schema: string): string {
  return `hashtext('${schema} horizon')`;
}

/**
 * Up to which position everything is decided: no event will ever appear at or below it that is not there now.
 *
 * Positions are drawn before the commit, so a smaller one may become visible later than a larger one. Each append takes its position lock
 * before it draws: a shared advisory lock on the last position that was drawn by then, so all of its own are larger. The database releases
 * it out after the commit is visible, or after the rollback, also when the process is killed. Read in this order (the last position
 * drawn, then the locks, then the events in a statement of their own) nothing can slip through: an append that drew a position
 * up to the first reading held its lock at the second, or had ended before the third.
 */
export function safePositionSql({ schema, sequence, safePosition }: StoreNames): string {
  return `
create or replace function ${safePosition}() returns bigint language plpgsql volatile as $body$
declare
  v_drawn bigint;
  v_lowest bigint;
begin
  select case when is_called then last_value else last_value - 1 end into v_drawn from ${sequence};
  -- A lock's key has 32 bits; the locks of appends that run now are within 2^31 positions of the last.
  select min(v_drawn - b.behind) into v_lowest
  from (
    select mod(mod(v_drawn - mod(l.objid::bigint + 2147483648, 4294967296), 4294967296) + 4294967296, 4294967296) as behind
    from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid = (mod(${positionLock(schema)}::bigint + 4294967296, 4294967296))::oid
  ) b
  where b.behind < 2147483648;
  return coalesce(v_lowest, v_drawn);
end $body$;
`;
}
