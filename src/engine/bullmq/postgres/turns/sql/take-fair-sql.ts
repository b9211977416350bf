/**
 * The take of a queue whose groups take turns, where nothing else limits them but how many of each run: turns run side by side, as those of a queue without
 * limits do. Each has the rows of the groups that it serves (`shiftwork_serve`), and what it reads of their lines, and counts behind these rows, holds as long.
 *
 * What is decided about one job after the other (pauses, jobs that came without a line, whatever `shiftwork_serve` passes by) is left to a turn that is alone.
 */
export const TAKE_FAIR_SQL = `
  -- Whether a turn need not be alone. What comes up afterwards is for the next one.
  CREATE OR REPLACE FUNCTION shiftwork_only_takes_turns(p_queue text, p_now bigint, p_limits jsonb, p_expires jsonb) RETURNS boolean
  LANGUAGE plpgsql SET enable_sort = off AS $$
  BEGIN
    RETURN jsonb_path_exists(p_limits, '$.*.fair')
       AND NOT p_limits ? '' AND NOT jsonb_path_exists(p_limits, '$.*.keyvalue() ? (@.key != "fair" && @.key != "concurrency")')
       AND NOT EXISTS (SELECT FROM shiftwork_group_pause WHERE queue = p_queue)
       AND NOT EXISTS (SELECT FROM job WHERE queue = p_queue AND state = 'waiting' AND priority < 2097152)
       AND (SELECT look_at FROM shiftwork_group WHERE queue = p_queue AND look_at > 0 ORDER BY look_at LIMIT 1) IS NULL
       AND (p_expires = '{}' OR (
         SELECT expires_at FROM shiftwork_group_line WHERE queue = p_queue AND expires_at IS NOT NULL ORDER BY expires_at LIMIT 1) <= p_now IS NOT TRUE);
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_claim_fair(
    p_queue text, p_now bigint, p_room bigint, p_tokens text[], p_lock_ms bigint, p_name text, p_bytes bigint, p_limits jsonb, p_expires jsonb,
    OUT ids text[], OUT probes boolean[], OUT more boolean, OUT limited_until bigint
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_round bigint := shiftwork_round(p_queue);
    v_round_before bigint := v_round;
    v_served record;
    v_stuck text;
    v_alone record;
    v_size bigint := 0;
  BEGIN
    ids := '{}';
    probes := '{}';
    more := false;
    IF EXISTS (SELECT FROM shiftwork_group_pause WHERE queue = p_queue) THEN
      -- Paused while this turn waited for one that was alone: whoever has paused it was told so, and nothing of it may start. The next turn is alone.
      more := true;
      RETURN;
    END IF;
    LOOP
      SELECT * INTO v_served FROM shiftwork_serve(
        p_queue, p_now, p_room - cardinality(ids), p_bytes - v_size, p_limits, p_expires, '{}', NULL, v_round,
        -- One that has the row of a group whose job it has ended waits for none: whoever adds to both would wait for it.
        cardinality(ids) = 0 AND NOT EXISTS (SELECT FROM shiftwork_group WHERE queue = p_queue AND look_at > 0));
      -- At once: whoever counts again finds them.
      PERFORM shiftwork_begin(p_queue, v_served.ids, p_tokens[cardinality(ids) + 1:], p_lock_ms, p_name, p_now);
      ids := ids || v_served.ids;
      v_size := v_size + v_served.size;
      v_round := v_served.round;
      v_stuck := v_served.stuck;
      EXIT WHEN cardinality(ids) >= p_room OR NOT v_served.changed;
      IF cardinality(ids) > 0 AND v_size >= p_bytes THEN
        more := true;
        EXIT;
      END IF;
    END LOOP;
    IF v_round > v_round_before THEN
      -- Whoever is at it says nearly the same: nobody waits for that row.
      UPDATE shiftwork_group_round SET at = v_round
       WHERE ctid = (SELECT ctid FROM shiftwork_group_round WHERE queue = p_queue AND at < v_round FOR UPDATE SKIP LOCKED);
    END IF;
    probes := array_fill(false, ARRAY[cardinality(ids)]);
    IF more OR v_stuck IS NULL OR cardinality(ids) >= p_room THEN RETURN; END IF;
    IF pg_try_advisory_xact_lock(hashtext('shiftwork:groups:' || p_queue)) THEN
      -- It is alone already.
      SELECT * INTO v_alone FROM shiftwork_claim_within(
        p_queue, p_now, p_room - cardinality(ids), p_tokens[cardinality(ids) + 1:], p_lock_ms, p_name, p_bytes - v_size, p_limits, p_expires);
      ids := ids || v_alone.ids;
      probes := probes || v_alone.probes;
      more := v_alone.more;
    ELSE
      -- A time that is over: the next turn is alone, and looks at it.
      UPDATE shiftwork_group SET look_at = 1 WHERE queue = p_queue AND name = v_stuck;
      more := true;
    END IF;
  END;
  $$;`;
