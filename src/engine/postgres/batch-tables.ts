import type { SchemaPart } from '../../migrations/index.ts';

/** What is kept of batches, beside BullMQ's tables. */
export function batchSchema(schema: string): SchemaPart {
  return {
    part: 'batches',
    schema,
    migrations: [
      {
        name: 'batches and their members',
        up: `
    create table shiftwork_batch (
      id text primary key,
      name text not null,
      callbacks text not null,
      made_ms bigint not null,
      touched_ms bigint not null,
      ended_ms bigint,
      until_ms bigint not null,
      looked_ms bigint not null,
      called text[] not null default '{}',
      finished boolean not null default false
    );
    create index shiftwork_batch_unfinished on shiftwork_batch (looked_ms) where not finished;
    create index shiftwork_batch_until on shiftwork_batch (until_ms);
    create table shiftwork_batch_member (
      batch text not null,
      job_id text not null,
      -- Null while it has not ended.
      state text,
      ended_ms bigint,
      primary key (batch, job_id)
      -- No index knows of the state, and each page has room: an end is then written beside its row, and into no index.
    ) with (fillfactor = 50)`,
      },
    ],
    functions: `
    -- Whatever says of one member comes later counts.
    create or replace function shiftwork_end_members(p_batches text[], p_ids text[], p_states text[], p_times bigint[]) returns void
    language plpgsql set search_path from current set enable_seqscan = off as $body$
    begin
      update shiftwork_batch_member m set state = given.state, ended_ms = given.at
        from unnest(p_batches, p_ids, p_states, p_times) as given (batch, id, state, at)
       where m.batch = given.batch and m.job_id = given.id and (m.state is null or m.ended_ms < given.at);
    end $body$;
    -- Answers the batches that may have something to call back.
    create or replace function shiftwork_bring_members(
      p_batches text[], p_ids text[], p_states text[], p_times bigint[], p_now bigint, p_kept bigint
    ) returns setof text language plpgsql set search_path from current set enable_seqscan = off as $body$
    declare
      v_id text;
      v_over boolean;
    begin
      perform shiftwork_end_members(p_batches, p_ids, p_states, p_times);
      for v_id in select distinct batch from unnest(p_batches) as batch order by batch loop
        -- Seen without a lock first: nearly always there is nothing to do.
        -- The newest first: they end last.
        if (select true from shiftwork_batch_member where batch = v_id and state is null order by job_id desc limit 1) then
          if exists (select from unnest(p_batches, p_states) as given (batch, state) where batch = v_id and state = 'dead')
             and exists (select from shiftwork_batch where id = v_id and not 'death' = any (called)) then return next v_id; end if;
          continue;
        end if;
        perform from shiftwork_batch where id = v_id for update;
        v_over := not exists (select from shiftwork_batch_member where batch = v_id and state is null);
        -- A repeat, and a look, keep it no longer than it was kept.
        update shiftwork_batch set touched_ms = p_now, ended_ms = coalesce(ended_ms, p_now), until_ms = p_now + p_kept
         where id = v_id and v_over and (ended_ms is null or touched_ms < (
                 select max(at) from unnest(p_batches, p_times) as given (batch, at) where batch = v_id));
        return next v_id;
      end loop;
    end $body$;
    -- Whether each has not ended; empty where all are new, null where the batch is unknown, or has ended and one of them is no member of it.
    create or replace function shiftwork_add_members(p_batch text, p_ids text[], p_now bigint, p_kept bigint) returns boolean[]
    language plpgsql set search_path from current as $body$
    declare
      v_ended bigint;
      v_added integer;
    begin
      select ended_ms into v_ended from shiftwork_batch where id = p_batch for update;
      if not found then return null; end if;
      if v_ended is null then
        insert into shiftwork_batch_member (batch, job_id) select p_batch, id from unnest(p_ids) as id on conflict do nothing;
        get diagnostics v_added = row_count;
        update shiftwork_batch set touched_ms = p_now, until_ms = p_now + p_kept where id = p_batch;
        if v_added = cardinality(p_ids) then return '{}'; end if;
      elsif exists (select from unnest(p_ids) as id
                     where not exists (select from shiftwork_batch_member where batch = p_batch and job_id = id)) then
        return null;
      end if;
      return array(
        select m.state is null from unnest(p_ids) with ordinality as given (id, place)
          join shiftwork_batch_member m on m.batch = p_batch and m.job_id = given.id order by place);
    end $body$;
    -- Whether p_by is a member then.
    create or replace function shiftwork_replace_member(p_batch text, p_id text, p_by text, p_now bigint, p_kept bigint) returns boolean
    language plpgsql set search_path from current as $body$
    begin
      perform from shiftwork_batch where id = p_batch for update;
      if not found then return false; end if;
      if exists (select from shiftwork_batch_member where batch = p_batch and job_id = p_by) then return true; end if;
      update shiftwork_batch_member set job_id = p_by, state = null, ended_ms = null where batch = p_batch and job_id = p_id;
      if not found then return false; end if;
      update shiftwork_batch set touched_ms = p_now, until_ms = p_now + p_kept where id = p_batch;
      return true;
    end $body$;`,
  };
}
