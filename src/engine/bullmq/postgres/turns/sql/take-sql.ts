/**
 * What n calls of BullMQ's `move_to_active` (6.7.0) at one time would take, as sets. Delayed jobs that are due are promoted first, also
 * while the queue is paused; a pause, the queue's concurrency and its rate are obeyed under BullMQ's own locks.
 */
export const TAKE_SQL = `
  -- At most a thousand a turn: the others are due in the next one, which comes at once.
  CREATE OR REPLACE FUNCTION shiftwork_promote(p_queue text, p_now bigint) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND state = 'delayed' AND process_at_ms <= p_now) THEN RETURN; END IF;
    WITH due AS (
      SELECT id, process_at_ms, seq FROM job
       WHERE queue = p_queue AND state = 'delayed' AND process_at_ms <= p_now
       ORDER BY process_at_ms, seq LIMIT 1000 FOR UPDATE SKIP LOCKED
    ), promoted AS (
      UPDATE job SET state = 'waiting', delay_ms = 0 FROM due
       WHERE job.queue = p_queue AND job.id = due.id
    )
    INSERT INTO event (queue, event, data, created_at_ms)
    SELECT p_queue, 'waiting', jsonb_build_object('jobId', id, 'prev', 'delayed'), shiftwork_now()
      FROM due ORDER BY process_at_ms, seq;
  END;
  $$;
  -- How many of the wanted jobs may be taken now, and what holds back the others: 'paused', 'concurrency' or 'rate'. Whether something of the
  -- queue is paused that only a turn with limits knows.
  DROP FUNCTION IF EXISTS shiftwork_room(text, bigint, bigint, integer, bigint);
  CREATE OR REPLACE FUNCTION shiftwork_room(
    p_queue text, p_now bigint, p_wanted bigint, p_max integer, p_duration bigint,
    OUT room bigint, OUT held text, OUT spend_ms bigint, OUT grouped boolean
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_paused text;
    v_concurrency integer;
    v_max integer;
    v_duration bigint;
    v_points bigint;
    v_left bigint;
  BEGIN
    SELECT max(value) FILTER (WHERE field = 'paused'), max(value) FILTER (WHERE field = 'concurrency'),
           max(value) FILTER (WHERE field = 'max'), max(value) FILTER (WHERE field = 'duration'), bool_or(field = 'groups')
      INTO v_paused, v_concurrency, v_max, v_duration, grouped
      FROM meta WHERE queue = p_queue AND field IN ('paused', 'concurrency', 'max', 'duration', 'groups');
    room := p_wanted;
    IF v_paused = '1' THEN
      room := 0;
      held := 'paused';
      RETURN;
    END IF;
    IF v_concurrency IS NOT NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('bullmq:concurrency:' || p_queue));
      v_left := v_concurrency - (SELECT count(*) FROM job WHERE queue = p_queue AND state = 'active');
      IF v_left < room THEN
        room := greatest(v_left, 0);
        held := 'concurrency';
      END IF;
      IF room = 0 THEN RETURN; END IF;
    END IF;
    -- The queue's maximum wins over the worker's, the worker's duration over the queue's: as BullMQ has it.
    v_max := coalesce(v_max, p_max);
    IF v_max IS NULL THEN RETURN; END IF;
    v_duration := coalesce(p_duration, v_duration);
    PERFORM pg_advisory_xact_lock(hashtext('bullmq:limiter:' || p_queue));
    SELECT points INTO v_points FROM rate_limit WHERE queue = p_queue AND expire_at_ms > p_now;
    -- The first job of a window is never refused.
    v_left := CASE WHEN NOT FOUND THEN greatest(v_max, 1) ELSE greatest(v_max - v_points, 0) END;
    IF v_duration IS NULL THEN v_left := CASE WHEN v_left = 0 THEN 0 ELSE room END; END IF;
    IF v_left < room THEN
      room := v_left;
      held := 'rate';
    END IF;
    spend_ms := v_duration;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_spend(p_queue text, p_jobs bigint, p_duration bigint, p_now bigint) RETURNS void
  LANGUAGE sql AS $$
    INSERT INTO rate_limit (queue, points, expire_at_ms) VALUES (p_queue, p_jobs, p_now + p_duration)
    ON CONFLICT (queue) DO UPDATE SET
      points = CASE WHEN rate_limit.expire_at_ms <= p_now THEN p_jobs ELSE rate_limit.points + p_jobs END,
      expire_at_ms = CASE WHEN rate_limit.expire_at_ms <= p_now THEN p_now + p_duration ELSE rate_limit.expire_at_ms END
  $$;
  -- Which jobs become active, each with the token of its place. The stored size of the payloads is bounded; one job is always taken.
  CREATE OR REPLACE FUNCTION shiftwork_claim(
    p_queue text, p_now bigint, p_room bigint, p_tokens text[], p_lock_ms bigint, p_name text, p_bytes bigint
  ) RETURNS text[] LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint := shiftwork_now();
    v_rows tid[];
    v_ids text[];
  BEGIN
    WITH next AS MATERIALIZED (
      SELECT ctid, id, priority, seq, pg_column_size(data) AS size FROM job
       WHERE queue = p_queue AND state = 'waiting' ORDER BY priority, seq LIMIT p_room FOR UPDATE SKIP LOCKED
    ), placed AS (
      SELECT ctid, id, row_number() OVER line AS place, sum(size) OVER line - size AS before
        FROM next WINDOW line AS (ORDER BY priority, seq ROWS UNBOUNDED PRECEDING)
    )
    SELECT coalesce(array_agg(ctid ORDER BY place), '{}'), coalesce(array_agg(id ORDER BY place), '{}') INTO v_rows, v_ids
      FROM placed WHERE place = 1 OR before < coalesce(p_bytes, before + 1);
    -- They are locked: what stands there now stays there.
    UPDATE job
       SET state = 'active', lock_token = token, locked_until_ms = p_now + p_lock_ms, processed_at_ms = p_now,
           processed_by = p_name, attempts_started = attempts_started + 1
      FROM unnest(v_rows, p_tokens[:cardinality(v_rows)]) AS chosen (at, token)
     WHERE job.ctid = chosen.at;
    INSERT INTO event (queue, event, data, created_at_ms)
    SELECT p_queue, 'active', jsonb_build_object('jobId', id, 'prev', 'waiting'), v_now
      FROM unnest(v_ids) WITH ORDINALITY AS chosen (id, place) ORDER BY place;
    RETURN v_ids;
  END;
  $$;`;
