/**
 * How the events of a turn become known: the tail of BullMQ's `publish_event` (6.7.0), once for all of them. `p_before` is the newest
 * event's id before the turn; BullMQ trims the stream at each id that is a multiple of 256.
 */
export const EVENTS_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_now() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_announce(p_queue text, p_before bigint) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_last bigint := pg_sequence_last_value('event_seq');
    v_mark bigint := v_last - v_last % 256;
    v_max integer;
  BEGIN
    IF v_last IS NULL OR v_last = p_before THEN RETURN; END IF;
    -- NOTIFY takes a lock of the whole database at commit. Whoever finds another one announcing leaves it to that one: readers read all.
    IF pg_try_advisory_xact_lock(hashtext('bullmq:evnotify:' || p_queue)) THEN
      PERFORM pg_notify('bullmq_events', p_queue);
    END IF;
    IF v_mark <= coalesce(p_before, 0) THEN RETURN; END IF;
    SELECT value::integer INTO v_max FROM meta WHERE queue = p_queue AND field = 'opts.maxLenEvents';
    v_max := coalesce(v_max, 10000);
    IF v_max > 0 AND v_mark > v_max AND pg_try_advisory_xact_lock(hashtext('bullmq:evtrim:' || p_queue)) THEN
      DELETE FROM event WHERE queue = p_queue AND id <= v_mark - v_max;
    END IF;
  END;
  $$;`;

/** Locks of many jobs, as BullMQ's `extend_locks` (6.7.0), in the server's time and in one order. Answers the ids of those that are lost. */
export const EXTEND_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_extend(p_queue text, p_ids text[], p_tokens text[], p_lock_ms bigint) RETURNS SETOF text
  LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '500ms' AS $$
  BEGIN
    PERFORM FROM job WHERE queue = p_queue AND id = ANY (p_ids) ORDER BY id FOR UPDATE;
    RETURN QUERY
    WITH mine AS (
      SELECT * FROM unnest(p_ids, p_tokens) WITH ORDINALITY AS mine (id, token, place)
    ), extended AS (
      UPDATE job SET locked_until_ms = shiftwork_now() + p_lock_ms FROM mine
       WHERE job.queue = p_queue AND job.id = mine.id AND job.state = 'active' AND job.lock_token = mine.token
      RETURNING mine.place
    )
    SELECT mine.id FROM mine WHERE mine.place NOT IN (SELECT place FROM extended) ORDER BY mine.place;
  END;
  $$;`;
