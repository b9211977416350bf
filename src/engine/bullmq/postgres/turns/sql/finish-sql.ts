/**
 * Jobs that end, as sets: what BullMQ's `move_to_completed` and `move_to_failed` (6.7.0) do to one job without a family. The caller
 * (`shiftwork_settle`) holds the rows and the advisory locks, and has checked each job's lock.
 */
export const FINISH_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_complete(p_queue text, p_ids text[], p_ends jsonb[], p_remove boolean, p_now bigint) RETURNS void
  LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint := shiftwork_now();
  BEGIN
    IF p_remove THEN
      DELETE FROM job WHERE queue = p_queue AND id = ANY (p_ids);
    ELSE
      UPDATE job
         SET state = 'completed', return_value = coalesce(e.body -> 'value', 'null'::jsonb), finished_at_ms = p_now,
             lock_token = NULL, locked_until_ms = NULL, attempts_made = attempts_made + 1
        FROM unnest(p_ids, p_ends) AS e (id, body)
       WHERE job.queue = p_queue AND job.id = e.id;
    END IF;
    INSERT INTO event (queue, event, data, created_at_ms)
    SELECT p_queue, 'completed', jsonb_build_object(
             'jobId', id, 'returnvalue', coalesce(body -> 'value', 'null'::jsonb)::text, 'prev', 'active'), v_now
      FROM unnest(p_ids, p_ends) WITH ORDINALITY AS e (id, body, place) ORDER BY place;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_fail(
    p_queue text, p_ids text[], p_ends jsonb[], p_made integer[], p_remove boolean, p_now bigint
  ) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    IF p_remove THEN
      DELETE FROM job WHERE queue = p_queue AND id = ANY (p_ids);
    ELSE
      UPDATE job
         SET state = 'failed', failed_reason = e.body ->> 'reason', stacktrace = coalesce(e.body -> 'stack', stacktrace),
             finished_at_ms = p_now, lock_token = NULL, locked_until_ms = NULL, deferred_failure = NULL,
             attempts_made = attempts_made + 1
        FROM unnest(p_ids, p_ends) AS e (id, body)
       WHERE job.queue = p_queue AND job.id = e.id;
    END IF;
    INSERT INTO event (queue, event, data, created_at_ms)
    SELECT p_queue, said.event, said.data, shiftwork_now()
      FROM unnest(p_ids, p_ends, p_made) WITH ORDINALITY AS e (id, body, made, place), LATERAL (VALUES
        (1, 'failed', jsonb_build_object('jobId', id, 'failedReason', body ->> 'reason', 'prev', 'active')),
        (2, 'retries-exhausted', jsonb_build_object('jobId', id, 'attemptsMade', made + 1))
      ) AS said (part, event, data)
     ORDER BY place, part;
  END;
  $$;
  -- BullMQ's apply_retention. The states are said again: a plan that does not know p_state could not use the index of finished jobs. Looking for the
  -- newest that is too many walks over all that are kept, which was a third of a turn: of many it is done so often that a quarter more stand at times,
  -- and by one turn at a time: another would wait for the rows that the first removes.
  CREATE OR REPLACE FUNCTION shiftwork_retain(
    p_queue text, p_state job_state, p_age bigint, p_count bigint, p_ended integer, p_now bigint
  ) RETURNS void
  LANGUAGE plpgsql AS $$
  DECLARE
    v_at bigint;
    v_seq bigint;
  BEGIN
    IF p_age >= 0 THEN
      DELETE FROM job
       WHERE queue = p_queue AND state = p_state AND state IN ('completed', 'failed') AND finished_at_ms <= p_now - p_age * 1000;
    END IF;
    IF p_count >= 0 AND (p_count <= 200
       OR (random() < 4.0 * p_ended / p_count AND pg_try_advisory_xact_lock(hashtext('shiftwork:retain:' || p_queue)))) THEN
      -- The newest that is too many, and all that are older.
      SELECT finished_at_ms, seq INTO v_at, v_seq FROM job
       WHERE queue = p_queue AND state = p_state AND state IN ('completed', 'failed')
       ORDER BY finished_at_ms DESC, seq DESC OFFSET p_count LIMIT 1;
      IF FOUND THEN
        DELETE FROM job
         WHERE queue = p_queue AND state = p_state AND state IN ('completed', 'failed')
           AND finished_at_ms <= v_at AND (finished_at_ms, seq) <= (v_at, v_seq);
      END IF;
    END IF;
  END;
  $$;
  -- Those with one rule of retention together, one rule after the other: what a rule removes depends on who has ended before.
  CREATE OR REPLACE FUNCTION shiftwork_finish(
    p_queue text, p_ids text[], p_kinds text[], p_ends jsonb[], p_keys text[], p_made integer[], p_now bigint
  ) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_group record;
  BEGIN
    FOR v_group IN
      SELECT kind, coalesce((body ->> 'remove')::boolean, false) AS remove, (body ->> 'age')::bigint AS age,
             (body ->> 'count')::bigint AS count, array_agg(id ORDER BY place) AS ids, array_agg(body ORDER BY place) AS ends,
             array_agg(key ORDER BY place) AS keys, array_agg(made ORDER BY place) AS made, bool_or(key IS NOT NULL) AS keyed
        FROM unnest(p_ids, p_kinds, p_ends, p_keys, p_made) WITH ORDINALITY AS ended (id, kind, body, key, made, place)
       GROUP BY 1, 2, 3, 4 ORDER BY kind, min(place)
    LOOP
      IF v_group.kind = 'completed' THEN
        PERFORM shiftwork_complete(p_queue, v_group.ids, v_group.ends, v_group.remove, p_now);
      ELSE
        PERFORM shiftwork_fail(p_queue, v_group.ids, v_group.ends, v_group.made, v_group.remove, p_now);
      END IF;
      IF NOT v_group.remove THEN
        PERFORM shiftwork_retain(p_queue, v_group.kind::job_state, v_group.age, v_group.count, cardinality(v_group.ids), p_now);
      END IF;
      IF v_group.keyed THEN PERFORM shiftwork_release(p_queue, v_group.ids, v_group.keys, v_group.ends, p_now); END IF;
    END LOOP;
    PERFORM shiftwork_drained(p_queue);
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_drained(p_queue text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'active') THEN RETURN; END IF;
    IF EXISTS (SELECT 1 FROM meta WHERE queue = p_queue AND field = 'paused' AND value = '1')
       OR NOT EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'waiting') THEN
      PERFORM publish_event(p_queue, 'drained', '{}'::jsonb);
    END IF;
  END;
  $$;
  -- BullMQ counts one job a call; those that end in one turn end at one time, so all but the first only add to the sum.
  CREATE OR REPLACE FUNCTION shiftwork_count(p_queue text, p_kind text, p_points integer, p_now bigint, p_jobs bigint) RETURNS void
  LANGUAGE plpgsql AS $$
  BEGIN
    IF p_jobs = 0 OR coalesce(p_points, 0) = 0 THEN RETURN; END IF;
    PERFORM collect_metrics(p_queue, p_kind, p_points, p_now);
    UPDATE metrics SET count = count + p_jobs - 1 WHERE queue = p_queue AND kind = p_kind AND p_jobs > 1;
  END;
  $$;`;
