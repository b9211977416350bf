// Long because a take decides about one job after the other in one function, whose locals are what it has found out so far.
import { CLAIMED_BEFORE, takenRows } from './turn-sql.ts';

/**
 * The take of a queue whose jobs belong to groups: what must wait for a limit or a pause is moved aside and not started. How much is looked at in
 * one turn is bounded; where that ends it (`more`), the next turn goes on. Turns of one such queue come one after the other
 * (`shiftwork_turn_within` holds the lock): what they count would not hold otherwise.
 *
 * Of jobs with one priority those that wait in the lines of groups come first, a group at a time, then those that were added since.
 */
export const TAKE_WITHIN_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_begin(p_queue text, p_ids text[], p_tokens text[], p_lock_ms bigint, p_name text, p_now bigint) RETURNS void
  LANGUAGE plpgsql AS $$
  DECLARE
    v_at bigint := shiftwork_now();
    v_rows tid[];
  BEGIN
    -- One look for each, also where the server believes that the table is small: a join would read all of it. They are locked, and stay where they are.
    v_rows := ARRAY(
      SELECT own.at FROM unnest(p_ids) WITH ORDINALITY AS chosen (id, place)
             CROSS JOIN LATERAL (SELECT ctid AS at FROM job WHERE job.queue = p_queue AND job.id = chosen.id LIMIT 1) AS own
       ORDER BY place);
    UPDATE job
       SET state = 'active', lock_token = p_tokens[place], locked_until_ms = p_now + p_lock_ms, processed_at_ms = p_now,
           processed_by = p_name, attempts_started = attempts_started + 1,
           -- So that it is not found in a line again.
           priority = priority % 2097152
      FROM unnest(v_rows) WITH ORDINALITY AS chosen (at, place)
     WHERE job.ctid = chosen.at;
    INSERT INTO event (queue, event, data, created_at_ms)
    SELECT p_queue, 'active', jsonb_build_object('jobId', id, 'prev', 'waiting'), v_at
      FROM unnest(p_ids) WITH ORDINALITY AS chosen (id, place) ORDER BY place;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_claim_within(
    p_queue text, p_now bigint, p_room bigint, p_tokens text[], p_lock_ms bigint, p_name text, p_bytes bigint, p_limits jsonb, p_expires jsonb,
    OUT ids text[], OUT probes boolean[], OUT more boolean, OUT limited_until bigint
  ) LANGUAGE plpgsql AS $$
  DECLARE
    c_looks CONSTANT integer := 100;
    c_held CONSTANT integer := 4194304;
    c_parked CONSTANT integer := 2097152;
    v_fresh CURSOR FOR
      SELECT * FROM job WHERE queue = p_queue AND state = 'waiting' AND priority < c_parked AND NOT id = ANY (ids)
       ORDER BY priority, seq FOR UPDATE SKIP LOCKED;
    v_job job;
    v_next job;
    v_has_next boolean := false;
    v_reads boolean := true;
    v_group record;
    v_gone text;
    v_kept record;
    v_groups text[];
    v_running jsonb := '{}';
    v_served record;
    v_may_serve boolean := NOT p_limits ? '' AND jsonb_path_exists(p_limits, '$.*.fair');
    v_serves boolean := true;
    v_pauses jsonb := '{}';
    v_aside text[] := '{}';
    c_sifted CONSTANT integer := 50;
    v_sifted integer := 0;
    v_round bigint := shiftwork_round(p_queue);
    v_round_before bigint := v_round;
    v_fair boolean := jsonb_path_exists(p_limits, '$.*.fair');
    -- Jobs that belong to none of its groups take turns as one.
    v_as_one text := (SELECT key || '/' FROM jsonb_each(p_limits) AS lim (key, value) WHERE value ? 'fair' ORDER BY key LIMIT 1);
    v_keeps_fair boolean;
    v_tiered boolean := jsonb_path_exists(p_limits, '$.*.tiered');
    v_limits jsonb := p_limits;
    v_from_line boolean;
    v_strict boolean := jsonb_path_exists(p_limits, '$.*.strict');
    v_ends boolean;
    v_expires_at bigint;
    v_keeps text;
    v_until bigint;
    v_looks integer := 0;
    v_size bigint := 0;
  BEGIN
    ids := '{}';
    probes := '{}';
    more := false;
    IF EXISTS (SELECT FROM shiftwork_group_pause WHERE queue = p_queue) THEN
      DELETE FROM shiftwork_group_pause AS pause WHERE pause.queue = p_queue AND pause.until <= p_now AND NOT pause.probes;
      SELECT coalesce(jsonb_object_agg(name, jsonb_build_object('until', until, 'probes', pause.probes)), '{}') INTO v_pauses
        FROM shiftwork_group_pause pause WHERE queue = p_queue;
    END IF;
    -- Where nothing counts them they are not counted.
    IF v_pauses <> '{}' OR v_tiered OR jsonb_path_exists(p_limits, '$.*.concurrency') THEN
      v_running := shiftwork_running(p_queue);
    END IF;
    IF p_expires <> '{}' THEN
      -- Those in lines that only end by now come first of their priority; of others this host does not know it, or knows another time.
      WITH due AS (
        SELECT id FROM shiftwork_group_line WHERE queue = p_queue AND expires_at <= p_now ORDER BY expires_at LIMIT c_looks
      ), forward AS (
        UPDATE job SET priority = priority % c_parked, seq = -nextval('job_seq') FROM due
         WHERE job.queue = p_queue AND job.id = due.id AND job.state = 'waiting' AND job.priority >= c_parked
           AND shiftwork_expires_at(job, p_expires) <= p_now
      )
      UPDATE shiftwork_group_line line SET expires_at = p_now + 60000 FROM due WHERE line.queue = p_queue AND line.id = due.id;
    END IF;
    -- The first in their order: asked for any that is due, a server that knows nothing of the table may look at all of its queue.
    IF (SELECT look_at FROM shiftwork_group WHERE queue = p_queue AND look_at > 0 ORDER BY look_at LIMIT 1) <= p_now THEN
      -- Those that are due are among those that may start one: some at each turn.
      UPDATE shiftwork_group SET look_at = 0 WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM shiftwork_group WHERE queue = p_queue AND look_at > 0 AND look_at <= p_now ORDER BY look_at LIMIT c_looks FOR UPDATE));
    END IF;
    IF v_pauses = '{}' AND NOT p_limits ? '' AND NOT jsonb_path_exists(p_limits, '$.*.keyvalue() ? (@.key != "concurrency")')
       AND NOT EXISTS (SELECT FROM shiftwork_group WHERE queue = p_queue AND look_at = 0) THEN
      SELECT * INTO v_served FROM shiftwork_free(p_queue, p_now, p_room, p_bytes, p_limits, p_expires, v_running);
      ids := v_served.ids;
      probes := array_fill(false, ARRAY[cardinality(ids)]);
      v_size := v_served.size;
      v_running := v_running || v_served.running;
    END IF;
    OPEN v_fresh;
    WHILE cardinality(ids) < p_room LOOP
      IF p_limits ? '' THEN
        SELECT * INTO v_kept FROM shiftwork_kept_by(p_queue, '', '{""}', p_limits, '{}', '{}', p_now);
        IF v_kept.kept_by IS NOT NULL THEN
          limited_until := v_kept.until;
          EXIT;
        END IF;
      END IF;
      IF NOT v_has_next AND v_reads THEN
        FETCH v_fresh INTO v_next;
        v_has_next := FOUND;
        v_reads := FOUND;
      END IF;
      SELECT name, priority, turn INTO v_group FROM shiftwork_group
       WHERE queue = p_queue AND look_at = 0 ORDER BY priority, turn LIMIT 1;
      -- Where groups take turns, what has come since goes into its line before anybody is served: some at each turn.
      v_from_line := FOUND AND (NOT v_has_next OR CASE WHEN v_fair THEN v_sifted >= c_sifted ELSE v_group.priority <= v_next.priority END);
      EXIT WHEN NOT v_from_line AND NOT v_has_next;
      IF v_looks >= c_looks OR (cardinality(ids) > 0 AND v_size >= coalesce(p_bytes, v_size + 1)) THEN
        more := true;
        EXIT;
      END IF;
      v_looks := v_looks + 1;
      IF v_from_line THEN
        IF cardinality(v_aside) > 0 THEN
          -- A line tells its jobs by their places: those that this turn has set aside have theirs from now on.
          UPDATE job SET priority = priority + c_held WHERE queue = p_queue AND id = ANY (v_aside);
          v_aside := '{}';
        END IF;
        IF v_may_serve AND v_serves THEN
          SELECT * INTO v_served FROM shiftwork_serve(
            p_queue, p_now, p_room - cardinality(ids), p_bytes - v_size, p_limits, p_expires, v_pauses, v_running, v_round, false);
          ids := ids || v_served.ids;
          probes := probes || array_fill(false, ARRAY[cardinality(v_served.ids)]);
          v_size := v_size + v_served.size;
          v_running := v_running || v_served.running;
          v_round := v_served.round;
          v_serves := v_served.changed;
          CONTINUE;
        END IF;
        v_serves := true;
        v_round := greatest(v_round, v_group.turn);
        SELECT job.* INTO v_job
          FROM shiftwork_group_line line LEFT JOIN job ON job.queue = line.queue AND job.id = line.id
         WHERE line.queue = p_queue AND line.name = v_group.name ORDER BY line.priority, line.seq LIMIT 1;
        IF v_job.id IS NOT NULL THEN
          v_gone := v_job.id;
          SELECT * INTO v_job FROM job WHERE queue = p_queue AND id = v_gone AND state = 'waiting' AND priority >= c_parked FOR UPDATE SKIP LOCKED;
          IF NOT FOUND AND EXISTS (SELECT FROM job WHERE queue = p_queue AND id = v_gone AND state = 'waiting' AND priority >= c_parked) THEN
            -- Whoever has its row, as an add that changes it, may wait for the lock of this turn: it comes in the next one.
            PERFORM shiftwork_rank(p_queue, v_group.name, p_now + 1, v_group.turn);
            CONTINUE;
          END IF;
        END IF;
        IF v_job.id IS NULL THEN
          -- Another program has taken it, or removed it.
          DELETE FROM shiftwork_group_line WHERE (queue, id) = (
            SELECT queue, id FROM shiftwork_group_line WHERE queue = p_queue AND name = v_group.name ORDER BY priority, seq LIMIT 1)
          RETURNING id INTO v_gone;
          -- Whoever puts it back leaves its priority as it is: behind all others, and in no line, nobody would find it.
          UPDATE job SET priority = priority % c_parked WHERE queue = p_queue AND id = v_gone AND priority >= c_parked;
          PERFORM shiftwork_rank(p_queue, v_group.name, 0, v_round + 1000);
          CONTINUE;
        END IF;
      ELSE
        v_job := v_next;
        v_has_next := false;
        v_sifted := v_sifted + 1;
      END IF;
      v_expires_at := shiftwork_expires_at(v_job, p_expires);
      v_ends := shiftwork_ends_only(v_job) OR coalesce(v_expires_at <= p_now, false);
      v_groups := CASE WHEN v_ends THEN '{}' ELSE shiftwork_groups_of(v_job) END;
      IF v_pauses ? ('!job/' || v_job.name) AND NOT v_ends THEN
        v_groups := array_prepend('job/' || v_job.name, v_groups);
      END IF;
      IF v_strict THEN v_groups := shiftwork_in_order(v_groups, p_limits); END IF;
      IF v_tiered THEN v_limits := shiftwork_tiered(p_queue, v_groups, p_limits, v_job.opts); END IF;
      SELECT * INTO v_kept FROM shiftwork_kept_by(p_queue, v_job.id, v_groups, v_limits, v_running, v_pauses, p_now);
      v_keeps := v_kept.kept_by;
      v_until := v_kept.until;
      IF NOT v_from_line THEN
        -- Whoever comes after others of its group stands behind them, and whose group takes turns awaits its turn.
        SELECT own.name, place INTO v_group FROM unnest(v_groups) WITH ORDINALITY AS own (name, place)
          LEFT JOIN LATERAL (
            SELECT l.priority, l.seq FROM shiftwork_group_line l
             WHERE l.queue = p_queue AND l.name = own.name ORDER BY l.priority, l.seq LIMIT 1
          ) AS line ON true
         WHERE (v_fair AND (p_limits -> split_part(own.name, '/', 1) ? 'fair') IS TRUE OR (line.priority, line.seq) <= (v_job.priority, v_job.seq))
           AND (NOT (p_limits -> split_part(own.name, '/', 1) ? 'strict') IS TRUE
                OR shiftwork_owner_of(p_queue, own.name) IS DISTINCT FROM v_job.id)
         ORDER BY place LIMIT 1;
        IF FOUND AND (v_keeps IS NULL OR v_group.place <= array_position(v_groups, v_keeps)) THEN
          v_keeps := v_group.name;
          v_until := NULL;
        END IF;
        IF v_fair AND v_keeps IS NULL AND NOT v_ends AND NOT EXISTS (
          SELECT 1 FROM unnest(v_groups) AS own (name) WHERE p_limits -> split_part(own.name, '/', 1) ? 'fair'
        ) THEN
          v_keeps := v_as_one;
          v_until := NULL;
        END IF;
      END IF;
      IF v_keeps IS NULL THEN
        DELETE FROM shiftwork_group_line WHERE queue = p_queue AND id = v_job.id;
        ids := ids || v_job.id;
        probes := probes || v_kept.probing;
        v_size := v_size + pg_column_size(v_job.data);
        PERFORM shiftwork_spend_start(p_queue, array_prepend('', v_groups), v_limits, p_now);
        SELECT v_running || coalesce(jsonb_object_agg(name, coalesce((v_running ->> name)::integer, 0) + 1), '{}') INTO v_running
          FROM unnest(v_groups) AS name;
        IF v_strict THEN
          INSERT INTO shiftwork_group_owner (queue, name, id)
          SELECT p_queue, name, v_job.id FROM unnest(v_groups) AS name WHERE p_limits -> split_part(name, '/', 1) ? 'strict'
          ON CONFLICT (queue, name) DO UPDATE SET id = excluded.id;
        END IF;
        IF v_from_line THEN PERFORM shiftwork_rank(p_queue, v_group.name, 0, v_round + shiftwork_step(v_job.opts #> '{fair,weight}')); END IF;
        CONTINUE;
      END IF;
      IF v_strict THEN
        -- Whose turn it is in a strict group has it while another group keeps it.
        INSERT INTO shiftwork_group_owner (queue, name, id)
        SELECT p_queue, name, v_job.id FROM unnest(v_groups[:coalesce(array_position(v_groups, v_keeps) - 1, cardinality(v_groups))]) AS name
         WHERE p_limits -> split_part(name, '/', 1) ? 'strict'
        ON CONFLICT (queue, name) DO UPDATE SET id = excluded.id;
      END IF;
      INSERT INTO shiftwork_group_line (queue, id, name, priority, seq, expires_at)
      VALUES (
        p_queue, v_job.id, v_keeps,
        -- One that has its group stands before all others of it.
        CASE WHEN p_limits -> split_part(v_keeps, '/', 1) ? 'strict' AND shiftwork_owner_of(p_queue, v_keeps) = v_job.id
             THEN -1 ELSE v_job.priority % c_parked END,
        v_job.seq, v_expires_at)
      ON CONFLICT (queue, id) DO UPDATE
         SET name = excluded.name, priority = excluded.priority, seq = excluded.seq, expires_at = excluded.expires_at;
      v_keeps_fair := v_fair AND (p_limits -> split_part(v_keeps, '/', 1) ? 'fair') IS TRUE;
      IF v_from_line AND v_keeps <> v_group.name THEN
        PERFORM shiftwork_rank(p_queue, v_group.name, 0, v_round + shiftwork_step(v_job.opts #> '{fair,weight}'));
        UPDATE job SET priority = priority % c_parked + CASE WHEN v_keeps_fair THEN c_parked ELSE c_held END
         WHERE queue = p_queue AND id = v_job.id;
      ELSIF NOT v_from_line AND v_keeps_fair THEN
        -- At once: it may be served in this turn.
        UPDATE job SET priority = priority + c_parked WHERE queue = p_queue AND id = v_job.id;
      ELSIF NOT v_from_line THEN
        v_aside := v_aside || v_job.id;
      END IF;
      IF v_until IS NOT NULL THEN
        -- At its place, which it has had when it was its turn.
        PERFORM shiftwork_rank(p_queue, v_keeps, least(v_until, p_now + 60000), coalesce(
          (SELECT turn FROM shiftwork_group WHERE queue = p_queue AND name = v_keeps), v_round + shiftwork_step(v_job.opts #> '{fair,weight}')));
      ELSIF NOT EXISTS (SELECT 1 FROM shiftwork_group WHERE queue = p_queue AND name = v_keeps) THEN
        PERFORM shiftwork_rank(p_queue, v_keeps, 0, v_round + shiftwork_step(v_job.opts #> '{fair,weight}'));
      ELSIF v_keeps_fair THEN
        UPDATE shiftwork_group SET priority = v_job.priority % c_parked
         WHERE queue = p_queue AND name = v_keeps AND priority > v_job.priority % c_parked;
      END IF;
      IF v_tiered THEN PERFORM shiftwork_keep_tier(p_queue, v_keeps, v_job.opts, v_job.added_at_ms); END IF;
    END LOOP;
    CLOSE v_fresh;
    UPDATE job SET priority = priority + c_held WHERE queue = p_queue AND id = ANY (v_aside);
    IF v_round > v_round_before THEN
      INSERT INTO shiftwork_group_round (queue, at) VALUES (p_queue, v_round)
      ON CONFLICT (queue) DO UPDATE SET at = excluded.at;
    END IF;
    PERFORM shiftwork_begin(p_queue, ids, p_tokens, p_lock_ms, p_name, p_now);
  END;
  $$;
  DROP FUNCTION IF EXISTS shiftwork_turn_within(
    text, jsonb, integer, text[], bigint, text, integer, bigint, bigint, bigint, text, integer, text, boolean, jsonb, text[], jsonb);
  CREATE OR REPLACE FUNCTION shiftwork_turn_within(
    p_queue text, p_ends jsonb, p_points integer, p_tokens text[], p_lock_ms bigint, p_name text,
    p_max integer, p_duration bigint, p_bytes bigint, p_now bigint,
    p_sender text, p_slot integer, p_turn text, p_again boolean, p_limits jsonb, p_released text[], p_expires jsonb,
    -- Processes of a release that does not say it would take what is kept from a turn beside others for a pause.
    p_alone boolean DEFAULT true
  ) RETURNS TABLE (
    codes integer[], at bigint, next_at bigint, limited_ms bigint, held text, probes boolean[],
    id text, token text, name text, data text, opts text, attempts_made integer, attempts_started integer, added_at bigint,
    progress text, stacktrace text, deferred_failure text, scheduler_id text
  ) LANGUAGE plpgsql SET search_path FROM CURRENT
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET lock_timeout = '500ms' AS $$
  #variable_conflict use_column
  DECLARE
    v_wanted integer := coalesce(array_length(p_tokens, 1), 0);
    v_before bigint;
    v_room record;
    v_claim record;
    v_ids text[];
    v_taken integer := 0;
    v_look_at bigint;
    v_done record;
    v_beside boolean;
    v_counted boolean;
    v_alone boolean := false;
    v_late bigint;
  BEGIN
    v_before := pg_sequence_last_value('event_seq');
    at := coalesce(p_now, shiftwork_now());
    codes := '{}';
    limited_ms := 0;
    probes := '{}';
    IF p_ends IS NOT NULL AND NOT (p_again AND EXISTS (
      SELECT FROM shiftwork_turn_done done WHERE done.queue = p_queue AND done.sender = p_sender AND done.slot = p_slot AND done.turn = p_turn)) THEN
      -- Of one that comes again while the first is under way: this waits for the rows of its ends, and finds that they have ended.
      codes := shiftwork_settle(p_queue, p_ends, at, p_points);
    END IF;
    -- Ends are written beside the take of another turn: only takes count. Behind all that ends lock, also of one that comes again.
    v_beside := NOT p_again AND shiftwork_only_takes_turns(p_queue, at, p_limits, p_expires);
    v_counted := NOT p_again AND NOT p_alone AND v_wanted > 0 AND shiftwork_only_counts(p_queue, p_limits);
    -- One that an outage has kept on its way would count by a time that is over.
    v_late := shiftwork_now() - at;
    IF v_late BETWEEN 250 AND 3600000 THEN at := at + v_late; END IF;
    IF v_beside OR v_counted THEN
      PERFORM pg_advisory_xact_lock_shared(hashtext('shiftwork:groups:' || p_queue));
    ELSE
      PERFORM pg_advisory_xact_lock(hashtext('shiftwork:groups:' || p_queue));
    END IF;
    IF p_again THEN
      SELECT done.codes, done.done_at INTO v_done FROM shiftwork_turn_done done
       WHERE done.queue = p_queue AND done.sender = p_sender AND done.slot = p_slot AND done.turn = p_turn;
      IF FOUND THEN
        codes := v_done.codes;
        at := v_done.done_at;
        held := 'bytes';
        RETURN NEXT;
        v_ids := ${CLAIMED_BEFORE};
        RETURN QUERY ${takenRows(', NULL::boolean[]')};
        RETURN;
      END IF;
    END IF;
    -- Where groups only take turns nobody has one, and none waits for its limit.
    IF cardinality(p_released) > 0 AND (NOT v_beside OR jsonb_path_exists(p_limits, '$.*.concurrency')) THEN
      DELETE FROM shiftwork_group_owner owner
       WHERE owner.queue = p_queue AND owner.name = ANY (p_released) AND shiftwork_owner_of(p_queue, owner.name) IS NULL;
      IF (SELECT look_at FROM shiftwork_group WHERE queue = p_queue AND look_at > 0 ORDER BY look_at DESC LIMIT 1) > shiftwork_turn_within.at THEN
        -- In one order, as turns side by side may do this, and adds beside them; and written as they have left it.
        PERFORM FROM shiftwork_group grp
          WHERE queue = p_queue AND grp.name = ANY (p_released) AND look_at > shiftwork_turn_within.at ORDER BY grp.name FOR UPDATE;
        UPDATE shiftwork_group SET look_at = shiftwork_turn_within.at
         WHERE queue = p_queue AND shiftwork_group.name = ANY (p_released) AND look_at > shiftwork_turn_within.at;
        -- Nobody else would know that there is room.
        IF FOUND THEN PERFORM pg_notify('bullmq_jobs', p_queue); END IF;
      END IF;
    END IF;
    IF v_wanted > 0 THEN
      PERFORM shiftwork_promote(p_queue, at);
      SELECT * INTO v_room FROM shiftwork_room(p_queue, at, v_wanted, p_max, p_duration);
      held := v_room.held;
      IF v_room.room > 0 THEN
        IF v_beside THEN
          SELECT * INTO v_claim FROM shiftwork_claim_fair(
            p_queue, at, v_room.room, p_tokens, p_lock_ms, p_name, p_bytes, p_limits, p_expires);
        ELSIF v_counted THEN
          SELECT * INTO v_claim FROM shiftwork_claim_counted(
            p_queue, at, v_room.room, p_tokens, p_lock_ms, p_name, p_bytes, p_limits, p_expires);
          v_alone := v_claim.alone;
        ELSE
          SELECT * INTO v_claim FROM shiftwork_claim_within(
            p_queue, at, v_room.room, p_tokens, p_lock_ms, p_name, p_bytes, p_limits, p_expires);
        END IF;
        v_taken := cardinality(v_claim.ids);
        probes := v_claim.probes;
        IF v_taken > 0 AND v_room.spend_ms IS NOT NULL THEN
          PERFORM shiftwork_spend(p_queue, v_taken, v_room.spend_ms, at);
        END IF;
        IF v_taken < v_room.room THEN
          -- Of turns side by side one may have found what the others have left.
          held := CASE WHEN v_claim.more OR (v_beside AND (
              NOT shiftwork_only_takes_turns(p_queue, at, p_limits, p_expires)
              OR (v_taken > 0 AND EXISTS (SELECT FROM shiftwork_group WHERE queue = p_queue AND look_at = 0)))) THEN 'bytes' END;
        END IF;
        IF v_alone THEN held := 'alone'; END IF;
        IF v_claim.limited_until IS NOT NULL THEN limited_ms := greatest(v_claim.limited_until - at, 1); END IF;
      END IF;
      IF v_taken < v_wanted THEN
        limited_ms := greatest(limited_ms, rate_limit_effective(p_queue, p_max, at));
        SELECT CASE WHEN EXISTS (SELECT FROM shiftwork_group WHERE queue = p_queue AND look_at = 0) THEN 0
                    ELSE (SELECT min(look_at) FROM shiftwork_group WHERE queue = p_queue AND look_at > 0) END INTO v_look_at;
        IF v_look_at IS NULL AND EXISTS (SELECT FROM meta WHERE queue = p_queue AND field = 'groups')
           AND NOT EXISTS (SELECT FROM shiftwork_group_pause WHERE queue = p_queue)
           -- Who pauses something now has not written it yet.
           AND pg_try_advisory_xact_lock(hashtext('shiftwork:grouped:' || p_queue)) THEN
          DELETE FROM meta WHERE queue = p_queue AND field = 'groups'
             AND NOT EXISTS (SELECT FROM shiftwork_group_pause WHERE queue = p_queue);
        END IF;
        next_at := least(next_delay(p_queue), v_look_at);
        IF p_expires <> '{}' THEN
          next_at := least(next_at, (SELECT min(expires_at) FROM shiftwork_group_line WHERE queue = p_queue));
        END IF;
      END IF;
    END IF;
    PERFORM shiftwork_announce(p_queue, v_before);
    IF v_taken > 0 OR p_ends IS NOT NULL THEN
      INSERT INTO shiftwork_turn_done AS done (queue, sender, slot, turn, codes, done_at)
      VALUES (p_queue, p_sender, p_slot, p_turn, shiftwork_turn_within.codes, shiftwork_turn_within.at)
      ON CONFLICT (queue, sender, slot) DO UPDATE SET turn = excluded.turn, codes = excluded.codes, done_at = excluded.done_at;
    END IF;
    RETURN NEXT;
    IF v_taken > 0 THEN
      v_ids := v_claim.ids;
      RETURN QUERY ${takenRows(', NULL::boolean[]')};
    END IF;
  END;
  $$;`;
