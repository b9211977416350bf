/** What a turn answered is kept until its sender's next turn in that slot: one that is sent again, because its answer was lost, is not done again. */
export const TURN_TABLES = `
  CREATE TABLE IF NOT EXISTS shiftwork_turn_done (
    queue text NOT NULL,
    sender text NOT NULL,
    slot integer NOT NULL,
    turn text NOT NULL,
    codes integer[] NOT NULL,
    done_at bigint NOT NULL,
    PRIMARY KEY (queue, sender, slot)
    -- Written with every turn: room on the page keeps that cheap.
  ) WITH (fillfactor = 40);`;

/** The ids of the jobs that the turn has claimed which is asked for again. */
export const CLAIMED_BEFORE = `ARRAY(
          SELECT job.id FROM job JOIN unnest(p_tokens) WITH ORDINALITY AS mine (token, place) ON job.lock_token = mine.token
           WHERE job.queue = p_queue AND job.state = 'active' ORDER BY place)`;

/** The jobs of `v_ids`, as the rows of a turn that follow the first. `more`: columns that a turn has beside the others of its first row. */
export function takenRows(more = ''): string {
  return `
      SELECT NULL::integer[], NULL::bigint, NULL::bigint, NULL::bigint, NULL::text${more},
             job.id, job.lock_token, job.name, job.data::text, job.opts::text, job.attempts_made, job.attempts_started, job.added_at_ms,
             job.progress::text, job.stacktrace::text, job.deferred_failure, job.scheduler_id
        FROM unnest(v_ids) WITH ORDINALITY AS taken (id, place)
             -- One look for each: a server that believes that the table is small would read all of it for a join.
             CROSS JOIN LATERAL (SELECT * FROM job WHERE job.queue = p_queue AND job.id = taken.id LIMIT 1) AS job
       ORDER BY place`;
}

/**
 * One turn of one queue: settles the ends, then takes as many jobs as there are tokens. One transaction, one trip.
 *
 * The first row is about the turn and has no id: a code for each end, the server's time, when the next delayed job is due, how long a
 * rate holds the queue back, and what held jobs back ('paused', 'concurrency', 'rate', 'bytes'; 'grouped': groups are paused, ask with limits). The taken jobs follow in their order.
 * The time is the server's unless `p_now` says another.
 */
export const TURN_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_turn(
    p_queue text, p_ends jsonb, p_points integer, p_tokens text[], p_lock_ms bigint, p_name text,
    p_max integer, p_duration bigint, p_bytes bigint, p_now bigint,
    p_sender text, p_slot integer, p_turn text, p_again boolean
  ) RETURNS TABLE (
    codes integer[], at bigint, next_at bigint, limited_ms bigint, held text,
    id text, token text, name text, data text, opts text, attempts_made integer, attempts_started integer, added_at bigint,
    progress text, stacktrace text, deferred_failure text, scheduler_id text
  ) LANGUAGE plpgsql SET search_path FROM CURRENT
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET lock_timeout = '500ms' AS $$
  #variable_conflict use_column
  DECLARE
    v_before bigint := pg_sequence_last_value('event_seq');
    v_wanted integer := coalesce(array_length(p_tokens, 1), 0);
    v_room record;
    v_ids text[];
    v_taken integer := 0;
  BEGIN
    IF p_again THEN
      SELECT done.codes, done.done_at INTO codes, at FROM shiftwork_turn_done done
       WHERE done.queue = p_queue AND done.sender = p_sender AND done.slot = p_slot AND done.turn = p_turn;
      IF FOUND THEN
        limited_ms := 0;
        -- What is to come is not known any more: whoever asks again finds out.
        held := 'bytes';
        RETURN NEXT;
        v_ids := ${CLAIMED_BEFORE};
        RETURN QUERY ${takenRows()};
        RETURN;
      END IF;
    END IF;
    at := coalesce(p_now, shiftwork_now());
    codes := '{}';
    limited_ms := 0;
    IF p_ends IS NOT NULL THEN codes := shiftwork_settle(p_queue, p_ends, at, p_points); END IF;
    IF v_wanted > 0 THEN
      PERFORM shiftwork_promote(p_queue, at);
      SELECT * INTO v_room FROM shiftwork_room(p_queue, at, v_wanted, p_max, p_duration);
      held := v_room.held;
      IF v_room.room > 0 AND v_room.grouped THEN
        held := 'grouped';
      ELSIF v_room.room > 0 THEN
        v_ids := shiftwork_claim(p_queue, at, v_room.room, p_tokens, p_lock_ms, p_name, p_bytes);
        v_taken := cardinality(v_ids);
        IF v_taken > 0 AND v_room.spend_ms IS NOT NULL THEN
          PERFORM shiftwork_spend(p_queue, v_taken, v_room.spend_ms, at);
        END IF;
        IF v_taken < v_room.room THEN
          held := CASE WHEN EXISTS (SELECT 1 FROM job WHERE job.queue = p_queue AND job.state = 'waiting') THEN 'bytes' END;
        END IF;
      END IF;
      IF v_taken < v_wanted THEN
        limited_ms := rate_limit_effective(p_queue, p_max, at);
        next_at := next_delay(p_queue);
      END IF;
    END IF;
    PERFORM shiftwork_announce(p_queue, v_before);
    -- A turn that did nothing may be done again.
    IF v_taken > 0 OR p_ends IS NOT NULL THEN
      INSERT INTO shiftwork_turn_done AS done (queue, sender, slot, turn, codes, done_at)
      VALUES (p_queue, p_sender, p_slot, p_turn, shiftwork_turn.codes, shiftwork_turn.at)
      ON CONFLICT (queue, sender, slot) DO UPDATE SET turn = excluded.turn, codes = excluded.codes, done_at = excluded.done_at;
    END IF;
    RETURN NEXT;
    IF v_taken > 0 THEN RETURN QUERY ${takenRows()}; END IF;
  END;
  $$;`;
