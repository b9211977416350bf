-- What "shiftwork migrate" of 0.1 made for outbox and event store, as it was sent: the first migrations must take it over.

begin;
select pg_advisory_xact_lock(hashtext('shiftwork outbox'));
create schema if not exists "shiftwork_outbox";
create table if not exists "shiftwork_outbox".entry (
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
drop index if exists "shiftwork_outbox".entry_to_send;
-- Only where they are missing: to look whether they are there takes a lock that waits for every transaction that has written here,
-- and meanwhile all others would wait behind it.
do $do$ begin
  if to_regclass('"shiftwork_outbox".entry_waiting') is null then
    create index entry_waiting on "shiftwork_outbox".entry (kind, slot, position) where sent_at is null and stuck is null;
  end if;
  if to_regclass('"shiftwork_outbox".entry_job') is null then
    create index entry_job on "shiftwork_outbox".entry (id) where kind = 'job';
  end if;
end $do$;
create table if not exists "shiftwork_outbox".slot (slot smallint primary key);
insert into "shiftwork_outbox".slot select generate_series(0, 63) on conflict do nothing;
create table if not exists "shiftwork_outbox".inbox (
  subscription text not null,
  event_id text not null,
  seen_at timestamptz not null default now(),
  primary key (subscription, event_id)
);
create index if not exists inbox_seen on "shiftwork_outbox".inbox (seen_at);
commit;
  

begin;
select pg_advisory_xact_lock(hashtext('shiftwork event store'));
create schema if not exists "shiftwork_events";
create sequence if not exists "shiftwork_events"."position" as bigint;
create table if not exists "shiftwork_events"."event" (
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
  -- Whose personal data is in `sealed`, readable while that subject's key is kept.
  subject text collate "C",
  sealed text,
  unique (stream, version)
);
create or replace function "shiftwork_events".refuse_change() returns trigger language plpgsql as $body$
begin
  raise exception using errcode = 'SWE03',
    message = 'events are never changed: ' || lower(tg_op) || ' was refused',
    hint = 'Append an event that corrects; personal data is erased with the key of its subject.';
end $body$;
-- Only where they are missing: to look whether they are there takes a lock that waits for every append under way, and meanwhile
-- all others would wait behind it.
do $do$ begin
  if to_regclass('"shiftwork_events".event_subject') is null then
    create index event_subject on "shiftwork_events"."event" (subject) where subject is not null;
  end if;
  if not exists (
    select 1 from pg_trigger where tgrelid = '"shiftwork_events"."event"'::regclass and tgname = 'event_is_for_ever' and tgenabled = 'A'
  ) then
    create or replace trigger event_is_for_ever before update or delete or truncate on "shiftwork_events"."event"
      for each statement execute function "shiftwork_events".refuse_change();
    -- Also in a session that keeps triggers still, as replication and restores do.
    alter table "shiftwork_events"."event" enable always trigger event_is_for_ever;
  end if;
end $do$;
create table if not exists "shiftwork_events"."snapshot" (
  stream text collate "C" primary key,
  version bigint not null,
  shape text not null,
  state json not null,
  taken_at timestamptz not null default now()
);
create table if not exists "shiftwork_events"."subject_key" (
  subject text collate "C" primary key,
  -- Null: thrown away.
  key bytea,
  created_at timestamptz not null default now(),
  erased_at timestamptz
);
create table if not exists "shiftwork_events"."projection" (
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
    select 1 from pg_attribute where attrelid = '"shiftwork_events"."projection"'::regclass and attname = 'begins_at' and not attisdropped
  ) then
    alter table "shiftwork_events"."projection" add column begins_at bigint not null default 0;
  end if;
end $do$;
create table if not exists "shiftwork_events"."parked" (
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
  if to_regclass('"shiftwork_events".parked_stream') is null then
    create index parked_stream on "shiftwork_events"."parked" (name, generation, stream);
  end if;
end $do$;

create or replace function "shiftwork_events"."append" (
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
perform pg_advisory_xact_lock(hashtextextended(p_streams[1], hashtext('shiftwork_events')));
  else
perform pg_advisory_xact_lock(k.key)
from (select distinct hashtextextended(s.name, hashtext('shiftwork_events')) as key from unnest(p_streams) as s(name) order by 1) as k;
  end if;
  for i in 1 .. v_count loop
v_head := coalesce((select e.version from "shiftwork_events"."event" e where e.stream = p_streams[i] order by e.version desc limit 1), 0);
v_heads[i] := v_head;
versions[i] := v_head + p_counts[i];
if v_conflict is null and not (p_expected[i] = -1 or p_expected[i] = v_head or (p_expected[i] = -2 and v_head > 0)) then
  v_conflict := i;
end if;
  end loop;
  if p_ids is not null and exists (select 1 from "shiftwork_events"."event" e where e.id = any(p_ids)) then
select r.versions, r.positions into versions, positions from "shiftwork_events".repeated(p_streams, p_counts, p_events) r;
outcome := 'repeated';
return;
  end if;
  if v_conflict is not null then
outcome := 'conflict'; stream := p_streams[v_conflict]; expected := p_expected[v_conflict]; actual := v_heads[v_conflict];
return;
  end if;
  -- The beacon. Lit before the first position is drawn, out after the commit is visible to all.
  select case when is_called then last_value else last_value - 1 end into v_drawn from "shiftwork_events"."position";
  perform pg_advisory_xact_lock_shared(hashtext('shiftwork_events horizon'), (mod(v_drawn, 4294967296) - 2147483648)::int);
  if v_count = 1 then
with inserted as (
  insert into "shiftwork_events"."event" (position, stream, version, id, type, schema_version, payload, dates, time, metadata, subject, sealed)
  select nextval('"shiftwork_events"."position"'), p_streams[1], v_head + n.nr, n.i, n.t, n.v, n.p, n.d, n.o, n.m, n.s, n.x
  from rows from (json_to_recordset(p_events) as (i text, t text, v int, p json, d text, o timestamptz, m json, s text, x text)) with ordinality as n(i, t, v, p, d, o, m, s, x, nr)
  returning position
)
select array_agg(i.position) into positions from inserted i;
  else
with due as (
  select n.*, s.index, row_number() over (partition by s.index order by n.nr) as nth
  from rows from (json_to_recordset(p_events) as (i text, t text, v int, p json, d text, o timestamptz, m json, s text, x text)) with ordinality as n(i, t, v, p, d, o, m, s, x, nr)
  join (select c.index, sum(c.count) over (order by c.index) as upto, c.count from unnest(p_counts) with ordinality as c(count, index)) s
    on n.nr > s.upto - s.count and n.nr <= s.upto
), inserted as (
  insert into "shiftwork_events"."event" (position, stream, version, id, type, schema_version, payload, dates, time, metadata, subject, sealed)
  select nextval('"shiftwork_events"."position"'), p_streams[n.index], v_heads[n.index] + n.nth, n.i, n.t, n.v, n.p, n.d, n.o, n.m, n.s, n.x
  from (select * from due order by nr) n
  returning position
)
select array_agg(i.position) into positions from inserted i;
  end if;
  outcome := 'appended';
  if p_notify then perform pg_notify('shiftwork_events', ''); end if;
end $body$;

create or replace function "shiftwork_events".repeated (
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
from rows from (json_to_recordset(p_events) as (i text, t text, v int, p json, d text, o timestamptz, m json, s text, x text)) with ordinality as n(i, t, v, p, d, o, m, s, x, nr)
join s on n.nr > s.upto - s.count and n.nr <= s.upto
left join "shiftwork_events"."event" e on e.id = n.i
  )
  select count(*) filter (where same), min(found) filter (where found is not null), array_agg(position order by nr),
     (select array_agg(h.version order by h.index) from (select index, max(version) as version from due group by index) h)
into v_same, v_taken, positions, versions
from due;
  if v_same <> (select sum(c) from unnest(p_counts) c) then
raise exception using errcode = 'SWE01', message = 'event ids are taken', detail = v_taken;
  end if;
end $body$;


create or replace function "shiftwork_events"."horizon"() returns bigint language plpgsql volatile as $body$
declare
  v_drawn bigint;
  v_lowest bigint;
begin
  select case when is_called then last_value else last_value - 1 end into v_drawn from "shiftwork_events"."position";
  -- A lock's key has 32 bits; the beacons of appends that run now are within 2^31 positions of the last.
  select min(v_drawn - b.behind) into v_lowest
  from (
select mod(mod(v_drawn - mod(l.objid::bigint + 2147483648, 4294967296), 4294967296) + 4294967296, 4294967296) as behind
from pg_locks l
where l.locktype = 'advisory' and l.objsubid = 2
  and l.database = (select oid from pg_database where datname = current_database())
  and l.classid = (mod(hashtext('shiftwork_events horizon')::bigint + 4294967296, 4294967296))::oid
  ) b
  where b.behind < 2147483648;
  return coalesce(v_lowest, v_drawn);
end $body$;

commit;
  