export const RESULT_TABLES = `
  -- Results that somebody may ask for: they outlive their jobs, whatever a neighbour's retention takes along.
  CREATE TABLE IF NOT EXISTS shiftwork_result (
    queue text NOT NULL,
    job_id text NOT NULL,
    value jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (queue, job_id)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_result_expiry ON shiftwork_result (expires_at);`;

/**
 * Settles k ends of one queue's jobs. Answers a code for each: 0, or the one with which BullMQ's own function refuses it (-1 no such job,
 * -3 not active, -4 children are under way, -6 another lock, -9 a child failed).
 *
 * Order: completed, failed (those with one rule of retention together), delayed, waiting, handed back, then the rare kinds one by one through BullMQ's functions: jobs with a
 * parent or children, jobs whose key keeps a next one, and a second end of one job in one turn.
 *
 * Locks are taken in BullMQ's order (finalization of the queue, families, rows, keys) and within each kind in that of their keys.
 */
export const SETTLE_SQL = `
  -- What is written on a job together with its end: a line of its log, its data from now on, its progress.
  CREATE OR REPLACE FUNCTION shiftwork_note(p_queue text, p_id text, p_end jsonb) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_next bigint;
  BEGIN
    IF p_end ? 'line' THEN
      SELECT coalesce(max(idx) + 1, 0) INTO v_next FROM job_log WHERE queue = p_queue AND job_id = p_id;
      INSERT INTO job_log (queue, job_id, idx, row) VALUES (p_queue, p_id, v_next, p_end ->> 'line');
      DELETE FROM job_log WHERE queue = p_queue AND job_id = p_id AND idx < v_next + 1 - (p_end ->> 'lines')::bigint;
    END IF;
    IF p_end ? 'data' THEN UPDATE job SET data = p_end -> 'data' WHERE queue = p_queue AND id = p_id; END IF;
    IF p_end ? 'progress' THEN PERFORM update_progress(p_queue, p_id, p_end -> 'progress'); END IF;
    IF p_end ? 'kept' THEN
      INSERT INTO shiftwork_result (queue, job_id, value, expires_at)
      VALUES (p_queue, p_id, coalesce(p_end -> 'value', 'null'::jsonb), clock_timestamp() + (p_end ->> 'kept')::bigint * interval '1 millisecond')
      ON CONFLICT (queue, job_id) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at;
    END IF;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_settle_one(p_queue text, p_id text, p_token text, p_kind text, p_end jsonb, p_now bigint)
  RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE
    v_remove boolean := coalesce((p_end ->> 'remove')::boolean, false);
    v_age bigint := (p_end ->> 'age')::bigint;
    v_count integer := (p_end ->> 'count')::integer;
    v_code text;
  BEGIN
    PERFORM shiftwork_note(p_queue, p_id, p_end) FROM job
      WHERE queue = p_queue AND id = p_id AND state = 'active' AND (p_token = '0' OR lock_token = p_token);
    CASE p_kind
      WHEN 'completed' THEN
        PERFORM move_to_completed(p_queue, p_id, p_token, coalesce(p_end -> 'value', 'null'::jsonb), p_now, v_remove, v_age, v_count);
      WHEN 'failed' THEN
        PERFORM move_to_failed(p_queue, p_id, p_token, p_end ->> 'reason', p_end -> 'stack', p_now, v_remove, v_age, v_count);
      WHEN 'delayed' THEN
        PERFORM move_to_delayed(p_queue, p_id, p_token, (p_end ->> 'at')::bigint, coalesce((p_end ->> 'delay')::bigint, 0),
          coalesce((p_end ->> 'skip')::boolean, false), p_end ->> 'reason', p_end -> 'stack');
      WHEN 'waiting' THEN
        PERFORM retry_job(p_queue, p_id, p_token, coalesce((p_end ->> 'lifo')::boolean, false), p_end ->> 'reason', p_end -> 'stack');
      ELSE
        PERFORM FROM shiftwork_hand_back(p_queue, ARRAY[p_id], ARRAY[p_token]);
        IF NOT FOUND THEN
          RETURN coalesce((SELECT CASE state WHEN 'active' THEN -6 ELSE -3 END FROM job WHERE queue = p_queue AND id = p_id), -1);
        END IF;
    END CASE;
    -- BullMQ's functions have freed it.
    IF p_end ? 'key' AND p_kind IN ('completed', 'failed') THEN
      PERFORM shiftwork_hold_key(p_queue, p_id, p_end #>> '{key,id}', (p_end #>> '{key,for}')::bigint, p_end #>> '{key,data}', p_now);
    END IF;
    RETURN 0;
  EXCEPTION WHEN SQLSTATE 'BM001' THEN
    GET STACKED DIAGNOSTICS v_code = PG_EXCEPTION_DETAIL;
    RETURN v_code::integer;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_settle(p_queue text, p_ends jsonb, p_now bigint, p_points integer) RETURNS integer[]
  LANGUAGE plpgsql AS $$
  DECLARE
    v_ids text[];
    v_tokens text[];
    v_kinds text[];
    v_bodies jsonb[];
    v_finishing text[];
    v_failing text[];
    v_noted boolean;
    v_batched boolean;
    v_queues text[];
    v_families text[];
    v_lock integer;
    v_codes integer[];
    v_keys text[];
    v_made integer[];
    v_rare boolean[];
    v_keyed boolean;
    v_twice boolean;
    v_parents text[];
    v_next_keys text[];
    v_place integer;
    v_done_ids text[]; v_done_kinds text[]; v_done jsonb[]; v_done_keys text[]; v_done_made integer[];
    v_delayed_ids text[]; v_delayed jsonb[];
    v_waiting_ids text[]; v_waiting jsonb[];
    v_back_ids text[]; v_back jsonb[];
  BEGIN
    SELECT array_agg(e ->> 'id' ORDER BY place), array_agg(e ->> 'token' ORDER BY place), array_agg(e ->> 'kind' ORDER BY place),
           array_agg(e ORDER BY place), array_agg(e ->> 'id') FILTER (WHERE e ->> 'kind' IN ('completed', 'failed')),
           array_agg(e ->> 'id') FILTER (WHERE e ->> 'kind' = 'failed'),
           bool_or(e ?| '{line,data,progress,kept}'), bool_or(e ? 'batch')
      INTO v_ids, v_tokens, v_kinds, v_bodies, v_finishing, v_failing, v_noted, v_batched
      FROM jsonb_array_elements(p_ends) WITH ORDINALITY AS ends (e, place);
    IF v_finishing IS NOT NULL THEN
      -- Read before anything is locked, as BullMQ does.
      SELECT array_agg(parent_queue), array_agg(parent_queue || ':' || parent_id) INTO v_queues, v_families
        FROM job WHERE queue = p_queue AND id = ANY (v_finishing) AND parent_id IS NOT NULL;
      IF v_queues IS NULL THEN
        PERFORM pg_advisory_xact_lock_shared(hashtext('bullmq:finalization'), hashtext(p_queue));
      ELSE
        FOR v_lock IN SELECT DISTINCT hashtext(q) FROM unnest(array_append(v_queues, p_queue)) AS q WHERE q IS NOT NULL ORDER BY 1 LOOP
          PERFORM pg_advisory_xact_lock_shared(hashtext('bullmq:finalization'), v_lock);
        END LOOP;
      END IF;
      IF v_families IS NOT NULL OR v_failing IS NOT NULL THEN
        FOR v_lock IN
          SELECT DISTINCT hashtext('bullmq:parent:' || family) FROM (
            SELECT unnest(v_families) AS family UNION ALL SELECT p_queue || ':' || unnest(v_failing)
          ) AS families ORDER BY 1
        LOOP
          PERFORM pg_advisory_xact_lock(v_lock);
        END LOOP;
      END IF;
    END IF;

    WITH held AS MATERIALIZED (
      SELECT id, state, lock_token, parent_id, dedup_id, attempts_made FROM job
       WHERE queue = p_queue AND id = ANY (v_ids) ORDER BY id FOR UPDATE
    ), told AS (
      SELECT e.place, e.kind IN ('completed', 'failed') AS finishes, held.*,
             CASE WHEN held.id IS NULL THEN -1 WHEN held.state <> 'active' THEN -3
                  WHEN e.token <> '0' AND held.lock_token IS DISTINCT FROM e.token THEN -6 ELSE 0 END AS code
        FROM unnest(v_ids, v_tokens, v_kinds) WITH ORDINALITY AS e (id, token, kind, place) LEFT JOIN held ON held.id = e.id
    )
    SELECT array_agg(code ORDER BY place), array_agg(dedup_id ORDER BY place), array_agg(attempts_made ORDER BY place),
           array_agg(finishes AND parent_id IS NOT NULL ORDER BY place), bool_or(finishes AND dedup_id IS NOT NULL),
           count(id) > (SELECT count(*) FROM held)
      INTO v_codes, v_keys, v_made, v_rare, v_keyed, v_twice
      FROM told;
    IF v_keyed THEN
      FOR v_lock IN
        SELECT DISTINCT hashtext('bullmq:dedup:' || p_queue || ':' || key) FROM unnest(v_keys, v_kinds) AS ended (key, kind)
         WHERE key IS NOT NULL AND kind IN ('completed', 'failed') ORDER BY 1
      LOOP
        PERFORM pg_advisory_xact_lock(v_lock);
      END LOOP;
      v_next_keys := ARRAY(SELECT dedup_id FROM dedup_next WHERE queue = p_queue AND dedup_id = ANY (v_keys));
    END IF;
    v_parents := ARRAY(SELECT parent_id FROM job_dependency WHERE parent_queue = p_queue AND parent_id = ANY (v_finishing));
    IF v_twice OR v_parents <> '{}' OR v_next_keys <> '{}' THEN
      SELECT array_agg(rare OR nth > 1 OR (finishes AND (id = ANY (v_parents) OR coalesce(key = ANY (v_next_keys), false))) ORDER BY place)
        INTO v_rare
        FROM (
          SELECT id, key, rare, place, kind IN ('completed', 'failed') AS finishes, row_number() OVER (PARTITION BY id ORDER BY place) AS nth
            FROM unnest(v_ids, v_kinds, v_keys, v_rare) WITH ORDINALITY AS ended (id, kind, key, rare, place)
        ) AS ended;
    END IF;

    IF 0 = ALL (v_codes) AND false = ALL (v_rare) AND cardinality(v_ids) = cardinality(v_finishing) THEN
      -- Nearly always.
      v_done_ids := v_ids;
      v_done_kinds := v_kinds;
      v_done := v_bodies;
      v_done_keys := v_keys;
      v_done_made := v_made;
    ELSE
      SELECT array_agg(id ORDER BY place) FILTER (WHERE kind IN ('completed', 'failed')),
             array_agg(kind ORDER BY place) FILTER (WHERE kind IN ('completed', 'failed')),
             array_agg(body ORDER BY place) FILTER (WHERE kind IN ('completed', 'failed')),
             array_agg(key ORDER BY place) FILTER (WHERE kind IN ('completed', 'failed')),
             array_agg(made ORDER BY place) FILTER (WHERE kind IN ('completed', 'failed')),
             array_agg(id ORDER BY place) FILTER (WHERE kind = 'delayed'), array_agg(body ORDER BY place) FILTER (WHERE kind = 'delayed'),
             array_agg(id ORDER BY place) FILTER (WHERE kind = 'waiting'), array_agg(body ORDER BY place) FILTER (WHERE kind = 'waiting'),
             array_agg(id ORDER BY place) FILTER (WHERE kind = 'back'), array_agg(body ORDER BY place) FILTER (WHERE kind = 'back')
        INTO v_done_ids, v_done_kinds, v_done, v_done_keys, v_done_made,
             v_delayed_ids, v_delayed, v_waiting_ids, v_waiting, v_back_ids, v_back
        FROM unnest(v_ids, v_kinds, v_bodies, v_keys, v_made, v_codes, v_rare) WITH ORDINALITY
             AS ended (id, kind, body, key, made, code, rare, place)
       WHERE code = 0 AND NOT rare;
    END IF;

    IF v_noted THEN
      PERFORM shiftwork_note(p_queue, id, body)
         FROM unnest(v_ids, v_bodies, v_codes, v_rare) WITH ORDINALITY AS ended (id, body, code, rare, place)
        WHERE code = 0 AND NOT rare AND body ?| '{line,data,progress,kept}' ORDER BY place;
    END IF;
    IF v_done_ids IS NOT NULL THEN
      PERFORM shiftwork_finish(p_queue, v_done_ids, v_done_kinds, v_done, v_done_keys, v_done_made, p_now);
    END IF;
    IF v_delayed_ids IS NOT NULL THEN
      PERFORM shiftwork_delay(p_queue, v_delayed_ids, v_delayed);
    END IF;
    IF v_waiting_ids IS NOT NULL THEN
      PERFORM shiftwork_requeue(p_queue, v_waiting_ids, v_waiting, false);
    END IF;
    IF v_back_ids IS NOT NULL THEN
      PERFORM shiftwork_requeue(p_queue, v_back_ids, v_back, true);
    END IF;

    IF true = ANY (v_rare) THEN
      FOR v_place IN 1 .. array_length(v_ids, 1) LOOP
        CONTINUE WHEN NOT v_rare[v_place];
        v_codes[v_place] := shiftwork_settle_one(
          p_queue, v_ids[v_place], v_tokens[v_place], v_kinds[v_place], v_bodies[v_place], p_now);
      END LOOP;
    END IF;
    IF v_batched THEN
      PERFORM shiftwork_end_members(array_agg(body ->> 'batch'), array_agg(id), array_agg(body ->> 'became'), array_agg((body ->> 'ended')::bigint))
         FROM unnest(v_ids, v_bodies, v_codes) AS ended (id, body, code) WHERE code = 0 AND body ? 'batch';
    END IF;
    IF p_points > 0 THEN
      PERFORM shiftwork_count(p_queue, kind, p_points, p_now, count(*))
         FROM unnest(v_kinds, v_codes) AS ended (kind, code)
        WHERE code = 0 AND kind IN ('completed', 'failed') GROUP BY kind ORDER BY kind;
    END IF;
    RETURN v_codes;
  END;
  $$;`;
