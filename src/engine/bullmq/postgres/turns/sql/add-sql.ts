/**
 * Adds n jobs to one queue: what n calls of BullMQ's `add_job` (6.7.0), in that order, would store. Answers each entry's id and whether it
 * was added; where it was not, the id is that of the job that is there already.
 *
 * Where none has a parent or a key, one statement stores all. Of others, entries with a parent, with a key that does more than keep the first, or
 * whose key stands twice in the call go through `add_job` itself, in their place; those with a key of ours that meets another job through `shiftwork_claim` (key-sql.ts).
 */
export const ADD_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_add_set(p_queue text, p_entries jsonb[]) RETURNS TABLE (id text, added boolean)
  LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    v_stored bigint;
  BEGIN
    RETURN QUERY
    WITH entry AS MATERIALIZED (
      SELECT place, coalesce(nullif(e ->> 'id', ''), next_job_id(p_queue)) AS id, e ->> 'name' AS name,
             coalesce(e -> 'data', '{}'::jsonb) AS data, coalesce(e -> 'opts', '{}'::jsonb) AS opts,
             coalesce((e ->> 'priority')::integer, 0) AS priority, coalesce((e ->> 'delay')::bigint, 0) AS delay,
             (e ->> 'timestamp')::bigint AS at, coalesce((e ->> 'attempts')::integer, 1) AS attempts,
             coalesce((e ->> 'lifo')::boolean, false) AS lifo, e ->> 'schedulerId' AS scheduler_id,
             nullif(e ->> 'dedupId', '') AS key, (e #>> '{opts,deduplication,ttl}')::bigint AS ttl
        FROM unnest(p_entries) WITH ORDINALITY AS entries (e, place) ORDER BY place
    ), first AS MATERIALIZED (
      -- A key whose time is over, or whose job is gone, is free.
      SELECT entry.place, entry.key, dedup.job_id AS winner
        FROM entry JOIN dedup ON dedup.queue = p_queue AND dedup.dedup_id = entry.key
       WHERE dedup.expire_at_ms > entry.at OR (dedup.expire_at_ms IS NULL AND EXISTS (
         SELECT 1 FROM job WHERE job.queue = p_queue AND job.id = dedup.job_id))
    ), fresh AS MATERIALIZED (
      SELECT *, nextval('job_seq') * CASE WHEN lifo THEN -1 ELSE 1 END AS seq
        FROM (SELECT * FROM entry WHERE NOT EXISTS (SELECT 1 FROM first WHERE first.place = entry.place) ORDER BY place) AS ordered
    ), keyed AS (
      INSERT INTO dedup (queue, dedup_id, job_id, expire_at_ms)
      SELECT p_queue, key, id, CASE WHEN ttl > 0 THEN at + ttl END FROM fresh WHERE key IS NOT NULL
      ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, expire_at_ms = excluded.expire_at_ms
    ), forgotten AS (
      DELETE FROM dedup_next USING fresh WHERE dedup_next.queue = p_queue AND dedup_next.dedup_id = fresh.key
         AND EXISTS (SELECT 1 FROM dedup d WHERE d.queue = p_queue AND d.dedup_id = fresh.key AND d.expire_at_ms IS NULL)
    ), stored AS (
      INSERT INTO job (
        queue, id, seq, name, state, data, opts, priority, delay_ms, max_attempts, added_at_ms, process_at_ms, dedup_id, scheduler_id)
      SELECT p_queue, id, seq, name, CASE WHEN delay > 0 THEN 'delayed' ELSE 'waiting' END::job_state, data, opts, priority, delay,
             attempts, at, CASE WHEN delay > 0 THEN at + delay END, key, scheduler_id
        FROM fresh ORDER BY place
      ON CONFLICT (queue, id) DO NOTHING
      RETURNING seq
    ), result AS MATERIALIZED (
      SELECT entry.place, entry.id, entry.name, first.winner, fresh.seq IS NOT NULL AND stored.seq IS NOT NULL AS added,
             CASE WHEN entry.delay > 0 THEN entry.at + entry.delay END AS due, entry.key
        FROM entry LEFT JOIN first ON first.place = entry.place LEFT JOIN fresh ON fresh.place = entry.place
             LEFT JOIN stored ON stored.seq = fresh.seq
    ), said AS (
      INSERT INTO event (queue, event, data, created_at_ms)
      SELECT p_queue, said.event, said.data, shiftwork_now()
        FROM result, LATERAL (VALUES
          (1, added, 'added', jsonb_build_object('jobId', id, 'name', name)),
          (2, added AND due IS NULL, 'waiting', jsonb_build_object('jobId', id)),
          (2, added AND due IS NOT NULL, 'delayed', jsonb_build_object('jobId', id, 'delay', due)),
          (1, winner IS NOT NULL, 'deduplicated',
            jsonb_build_object('jobId', winner, 'deduplicationId', key, 'deduplicatedJobId', id)),
          (1, winner IS NULL AND NOT added, 'duplicated', jsonb_build_object('jobId', id))
        ) AS said (part, happened, event, data)
       WHERE happened ORDER BY place, part
    )
    SELECT coalesce(winner, id), added FROM result ORDER BY place;
  END;
  $$;
  -- Entries of which none has a parent or a key: nearly always all of them.
  CREATE OR REPLACE FUNCTION shiftwork_add_plain(p_queue text, p_entries jsonb, OUT ids text[], OUT added boolean[])
  LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint := shiftwork_now();
  BEGIN
    WITH entry AS MATERIALIZED (
      SELECT place, coalesce(nullif(e ->> 'id', ''), next_job_id(p_queue)) AS id, e ->> 'name' AS name, (e ->> 'timestamp')::bigint AS at,
             coalesce((e ->> 'delay')::bigint, 0) AS delay, e,
             nextval('job_seq') * CASE WHEN (e ->> 'lifo')::boolean THEN -1 ELSE 1 END AS seq
        FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS entries (e, place) ORDER BY place
    ), stored AS (
      INSERT INTO job (queue, id, seq, name, state, data, opts, priority, delay_ms, max_attempts, added_at_ms, process_at_ms, scheduler_id)
      SELECT p_queue, id, seq, name, CASE WHEN delay > 0 THEN 'delayed' ELSE 'waiting' END::job_state,
             coalesce(e -> 'data', '{}'), coalesce(e -> 'opts', '{}'), coalesce((e ->> 'priority')::integer, 0), delay,
             coalesce((e ->> 'attempts')::integer, 1), at, CASE WHEN delay > 0 THEN at + delay END, e ->> 'schedulerId'
        FROM entry ORDER BY place
      ON CONFLICT (queue, id) DO NOTHING
      RETURNING job.seq
    ), result AS MATERIALIZED (
      SELECT place, id, name, CASE WHEN delay > 0 THEN at + delay END AS due, stored.seq IS NOT NULL AS is_new
        FROM entry LEFT JOIN stored ON stored.seq = entry.seq
    ), said AS (
      INSERT INTO event (queue, event, data, created_at_ms)
      SELECT p_queue, CASE WHEN NOT is_new THEN 'duplicated' WHEN part = 1 THEN 'added' WHEN due IS NULL THEN 'waiting' ELSE 'delayed' END,
             CASE WHEN NOT is_new OR (part = 2 AND due IS NULL) THEN jsonb_build_object('jobId', id)
                  WHEN part = 1 THEN jsonb_build_object('jobId', id, 'name', name)
                  ELSE jsonb_build_object('jobId', id, 'delay', due) END, v_now
        FROM result, generate_series(1, 2) AS part WHERE is_new OR part = 1 ORDER BY place, part
    )
    SELECT array_agg(result.id ORDER BY place), array_agg(is_new ORDER BY place) INTO ids, added FROM result;
  END;
  $$;
  DROP FUNCTION IF EXISTS shiftwork_add(text, jsonb);
  CREATE OR REPLACE FUNCTION shiftwork_add(p_queue text, p_entries jsonb) RETURNS TABLE (id text, added boolean, answer text)
  LANGUAGE plpgsql SET search_path FROM CURRENT
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
  #variable_conflict use_column
  DECLARE
    v_before bigint := pg_sequence_last_value('event_seq');
    v_lock integer;
    v_run jsonb[] := '{}';
    v_rare boolean;
    v_entry jsonb;
    v_added boolean := false;
    v_plain record;
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM jsonb_array_elements(p_entries) AS e WHERE e ->> 'parentId' IS NOT NULL OR e ->> 'dedupId' <> '') THEN
      -- The lock of lock_producer_queues, for one queue.
      PERFORM pg_advisory_xact_lock_shared(hashtext('bullmq:finalization'), hashtext(p_queue));
      v_plain := shiftwork_add_plain(p_queue, p_entries);
      IF true = ANY (v_plain.added) THEN PERFORM pg_notify('bullmq_jobs', p_queue); END IF;
      PERFORM shiftwork_announce(p_queue, v_before);
      RETURN QUERY SELECT plain.id, plain.added, 'stands' FROM unnest(v_plain.ids, v_plain.added) AS plain (id, added);
      RETURN;
    END IF;
    PERFORM lock_producer_queues(jsonb_build_array(jsonb_build_object('queue', p_queue)));
    FOR v_lock IN
      SELECT DISTINCT hashtext('bullmq:dedup:' || p_queue || ':' || key)
        FROM jsonb_array_elements(p_entries) AS entries (e), LATERAL (VALUES (e ->> 'dedupId'), (e #>> '{before,id}')) AS keys (key)
       WHERE key <> '' ORDER BY 1
    LOOP
      PERFORM pg_advisory_xact_lock(v_lock);
    END LOOP;
    FOR v_entry, v_rare IN
      SELECT e, e ->> 'parentId' IS NOT NULL OR (e ->> 'dedupId' <> '' AND (
               count(*) OVER (PARTITION BY e ->> 'dedupId') > 1
               OR coalesce(e #> '{opts,deduplication}', '{}') - '{id,ttl,keep,for,always,data,maxWait}'::text[] <> '{}'::jsonb
               OR e #> '{opts,debounce}' IS NOT NULL
               OR (e #> '{opts,deduplication,keep}' IS NOT NULL AND shiftwork_key_met(p_queue, e))))
        FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS entries (e, place) ORDER BY place
    LOOP
      IF NOT coalesce(v_rare, false) THEN
        v_run := array_append(v_run, v_entry);
        CONTINUE;
      END IF;
      IF cardinality(v_run) > 0 THEN
        FOR id, added, answer IN SELECT *, 'stands' FROM shiftwork_add_set(p_queue, v_run) LOOP
          v_added := v_added OR added;
          RETURN NEXT;
        END LOOP;
        v_run := '{}';
      END IF;
      answer := 'stands';
      IF v_entry #> '{opts,deduplication,keep}' IS NOT NULL THEN
        SELECT claim.id, claim.answer INTO id, answer FROM shiftwork_claim(p_queue, v_entry) AS claim;
        IF id IS NOT NULL THEN
          added := false;
          -- It may start earlier than an idle worker was told.
          v_added := v_added OR answer = 'updated';
          RETURN NEXT;
          CONTINUE;
        END IF;
      END IF;
      id := add_job(p_queue, coalesce(v_entry ->> 'id', ''), v_entry ->> 'name', v_entry -> 'data', v_entry -> 'opts',
        (v_entry ->> 'priority')::integer, coalesce((v_entry ->> 'delay')::bigint, 0), (v_entry ->> 'timestamp')::bigint,
        (v_entry ->> 'attempts')::integer, v_entry ->> 'parentQueue', v_entry ->> 'parentId', v_entry ->> 'parentKey',
        v_entry ->> 'dedupId', v_entry ->> 'schedulerId', coalesce((v_entry ->> 'lifo')::boolean, false));
      added := id = v_entry ->> 'id';
      RETURN NEXT;
    END LOOP;
    IF cardinality(v_run) > 0 THEN
      FOR id, added, answer IN SELECT *, 'stands' FROM shiftwork_add_set(p_queue, v_run) LOOP
        v_added := v_added OR added;
        RETURN NEXT;
      END LOOP;
    END IF;
    IF v_added THEN PERFORM pg_notify('bullmq_jobs', p_queue); END IF;
    PERFORM shiftwork_announce(p_queue, v_before);
  END;
  $$;`;
