/**
 * Groups: jobs that share a limit. A job that must wait stands in the line of the group that keeps it, and behind all others of its queue (its
 * priority and 4,194,304); one that awaits the turn of its group stands between (its priority and 2,097,152). That place is what counts: where another program has taken or removed the job, its place in the line means nothing.
 *
 * `shiftwork_group`: groups with a line, and when it is looked at. `shiftwork_group_pause`: paused ones. `shiftwork_group_start`: the last starts of
 * those with a rate. How many of a group run is counted among the active jobs. A group without jobs has no rows.
 */
export const GROUP_TABLES = `
  CREATE TABLE IF NOT EXISTS shiftwork_group (
    queue text NOT NULL, name text NOT NULL, look_at bigint NOT NULL,
    -- Of the head of its line; and when it is the group's turn among those of the same.
    priority integer NOT NULL, turn bigint NOT NULL,
    PRIMARY KEY (queue, name)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_group_look ON shiftwork_group (queue, look_at);
  CREATE TABLE IF NOT EXISTS shiftwork_group_line (
    queue text NOT NULL, id text NOT NULL, name text NOT NULL, priority integer NOT NULL, seq bigint NOT NULL,
    PRIMARY KEY (queue, id)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_group_line_head ON shiftwork_group_line (queue, name, priority, seq);
  -- Named as the group where a breaker said it, behind a '!' where a person did: also of all groups of a limit (its name alone), or a contract (job/NAME).
  CREATE TABLE IF NOT EXISTS shiftwork_group_pause (
    queue text NOT NULL, name text NOT NULL, until bigint NOT NULL, probes boolean NOT NULL,
    PRIMARY KEY (queue, name)
  );
  CREATE TABLE IF NOT EXISTS shiftwork_group_start (
    queue text NOT NULL, name text NOT NULL, at bigint NOT NULL, due double precision NOT NULL, over bigint NOT NULL
  );
  CREATE INDEX IF NOT EXISTS shiftwork_group_start_last ON shiftwork_group_start (queue, name, at);`;

/** When a job in a line only ends, without a run; null where nobody has said so. */
export const HELD_EXPIRY = `
  ALTER TABLE shiftwork_group_line ADD COLUMN IF NOT EXISTS expires_at bigint;
  CREATE INDEX IF NOT EXISTS shiftwork_group_line_expiry ON shiftwork_group_line (queue, expires_at) WHERE expires_at IS NOT NULL;`;

/** Counted, so that the start that lies a whole rate back is found without a walk over those between; and found by when they are over. */
export const STARTS_COUNTED = `
  ALTER TABLE shiftwork_group_start ADD COLUMN IF NOT EXISTS nth bigint NOT NULL DEFAULT 0;
  DROP INDEX IF EXISTS shiftwork_group_start_last;
  CREATE INDEX IF NOT EXISTS shiftwork_group_start_nth ON shiftwork_group_start (queue, name, nth);
  CREATE INDEX IF NOT EXISTS shiftwork_group_start_over ON shiftwork_group_start (queue, over);`;

/** The numbers of groups that have a line and numbers of their own, and when the job was added that brought them. */
export const GROUP_TIERS = `
  ALTER TABLE shiftwork_group ADD COLUMN IF NOT EXISTS tier jsonb, ADD COLUMN IF NOT EXISTS tier_at bigint;`;

/** Groups take turns: the place that was served last. */
export const GROUP_ROUNDS = `
  CREATE TABLE IF NOT EXISTS shiftwork_group_round (queue text PRIMARY KEY, at bigint NOT NULL);
  -- Groups that have lines already have places of another kind: it goes on behind them.
  INSERT INTO shiftwork_group_round (queue, at) SELECT queue, max(turn) FROM shiftwork_group GROUP BY queue ON CONFLICT (queue) DO NOTHING;`;

/** Of the groups that may start a job (looked at: 0) the one whose turn it is is found without a look at the others. */
export const GROUPS_READY = `
  CREATE INDEX IF NOT EXISTS shiftwork_group_ready ON shiftwork_group (queue, priority, turn) WHERE look_at = 0;
  -- What another program had taken out of its line and put back stood behind all others, and nobody found it.
  UPDATE job SET priority = priority % 2097152 WHERE state = 'waiting' AND priority >= 2097152 AND NOT EXISTS (
    SELECT FROM shiftwork_group_line line WHERE line.queue = job.queue AND line.id = job.id);`;

/**
 * How far a group's next place is from its place: less than 1,000 where it has more weight. Only groups that wait are found by when they are looked at: those
 * of which one may start move with each of their jobs.
 */
export const GROUP_STEPS = `
  ALTER TABLE shiftwork_group ADD COLUMN IF NOT EXISTS step integer NOT NULL DEFAULT 1000;
  DROP INDEX IF EXISTS shiftwork_group_look;
  CREATE INDEX IF NOT EXISTS shiftwork_group_waits ON shiftwork_group (queue, look_at) WHERE look_at > 0;`;

/** Whose a strict group is: the job that was started and has not ended. */
export const GROUP_OWNERS = `
  CREATE TABLE IF NOT EXISTS shiftwork_group_owner (queue text NOT NULL, name text NOT NULL, id text NOT NULL, PRIMARY KEY (queue, name));`;

export const GROUP_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_pause_group(p_queue text, p_name text, p_until bigint, p_probes boolean) RETURNS void
  LANGUAGE sql SET search_path FROM CURRENT AS $$
    -- A turn that finds nothing paused yet must not take back what is said below: it looks again with this lock.
    SELECT pg_advisory_xact_lock_shared(hashtext('shiftwork:grouped:' || p_queue));
    INSERT INTO shiftwork_group_pause (queue, name, until, probes) VALUES (p_queue, p_name, p_until, p_probes)
    ON CONFLICT (queue, name) DO UPDATE SET until = excluded.until, probes = excluded.probes;
    -- A turn without limits asks for one with them.
    INSERT INTO meta (queue, field, value) VALUES (p_queue, 'groups', '1') ON CONFLICT (queue, field) DO NOTHING
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_resume_group(p_queue text, p_name text) RETURNS void
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    v_group text := ltrim(p_name, '!');
  BEGIN
    DELETE FROM shiftwork_group_pause WHERE queue = p_queue AND name = p_name;
    UPDATE shiftwork_group SET look_at = 0
     WHERE queue = p_queue AND (name = v_group OR split_part(name, '/', 1) = v_group);
    IF FOUND THEN PERFORM pg_notify('bullmq_jobs', p_queue); END IF;
  END;
  $$;
  -- One that only ends, without a run, is kept by no limit. One that runs has its place, whatever becomes of it.
  CREATE OR REPLACE FUNCTION shiftwork_ends_only(p_job job) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_job.state <> 'active' AND (
      p_job.deferred_failure IS NOT NULL OR coalesce(jsonb_typeof(p_job.progress -> 'cancel') = 'object', false))
  $$;
  -- When it only ends, as whoever takes says by the names of jobs: {name: ms after it was added}.
  CREATE OR REPLACE FUNCTION shiftwork_expires_at(p_job job, p_expires jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT p_job.added_at_ms + (p_expires ->> p_job.name)::bigint + 1
  $$;
  -- A job that stands in a line is the next of its priority. Its place in a line means nothing from then on.
  CREATE OR REPLACE FUNCTION shiftwork_bring_forward(p_queue text, p_id text) RETURNS void
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    UPDATE job SET priority = priority % 2097152, seq = -nextval('job_seq')
     WHERE queue = p_queue AND id = p_id AND state = 'waiting' AND priority >= 2097152;
    IF FOUND THEN PERFORM pg_notify('bullmq_jobs', p_queue); END IF;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_groups_of(p_job job) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN
    IF shiftwork_ends_only(p_job) OR jsonb_typeof(p_job.opts -> 'groups') IS DISTINCT FROM 'array' THEN
      RETURN '{}';
    END IF;
    RETURN ARRAY(
      SELECT g #>> '{}' FROM jsonb_array_elements(p_job.opts -> 'groups') WITH ORDINALITY AS groups (g, place)
       WHERE jsonb_typeof(g) = 'string' AND place <= 8 ORDER BY place);
  END;
  $$;
  -- Where a group has a line, its place among those whose turn it is: one that was served stands a step further, by less where it has more weight.
  DROP FUNCTION IF EXISTS shiftwork_rank(text, text, bigint);
  CREATE OR REPLACE FUNCTION shiftwork_rank(p_queue text, p_name text, p_look_at bigint, p_turn bigint) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_priority integer;
  BEGIN
    SELECT priority INTO v_priority FROM shiftwork_group_line
     WHERE queue = p_queue AND name = p_name ORDER BY priority, seq LIMIT 1;
    IF NOT FOUND THEN
      DELETE FROM shiftwork_group WHERE queue = p_queue AND name = p_name;
      RETURN;
    END IF;
    INSERT INTO shiftwork_group (queue, name, look_at, priority, turn)
    VALUES (p_queue, p_name, p_look_at, v_priority, p_turn)
    ON CONFLICT (queue, name) DO UPDATE SET look_at = excluded.look_at, priority = excluded.priority, turn = excluded.turn;
  END;
  $$;
  -- The place that was served last.
  CREATE OR REPLACE FUNCTION shiftwork_round(p_queue text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT at FROM shiftwork_group_round WHERE queue = p_queue), 0)
  $$;
  -- How far a group of that weight stands from its place before.
  DROP FUNCTION IF EXISTS shiftwork_step(job);
  CREATE OR REPLACE FUNCTION shiftwork_step(p_weight jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(p_weight) = 'number' THEN floor(1000 / greatest(1, least(100, p_weight::numeric)))::integer ELSE 1000 END
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_fair_group(p_opts jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT name FROM jsonb_array_elements_text(p_opts -> 'groups') AS name WHERE split_part(name, '/', 1) = p_opts #>> '{fair,limit}' LIMIT 1
  $$;
  -- The numbers that a job brings for a group; null where they are none: another program may have stored anything.
  CREATE OR REPLACE FUNCTION shiftwork_tier_in(p_opts jsonb, p_name text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT tier FROM (SELECT p_opts #> ARRAY['tiers', split_part(p_name, '/', 1)]) AS brought (tier)
     WHERE CASE WHEN jsonb_typeof(tier) = 'array' THEN jsonb_array_length(tier) IN (1, 5) AND NOT EXISTS (
             SELECT FROM jsonb_array_elements(tier) WITH ORDINALITY AS each (number, place)
              WHERE CASE WHEN jsonb_typeof(number) = 'number'
                         THEN number::numeric NOT BETWEEN 0 AND 9007199254740991 OR (place <= 3 AND number::numeric % 1 <> 0)
                         ELSE true END) END
  $$;
  -- The limits as they are for the groups of a job: as the newest job of a line has brought the numbers, else as this job has.
  CREATE OR REPLACE FUNCTION shiftwork_tiered(p_queue text, p_groups text[], p_limits jsonb, p_opts jsonb) RETURNS jsonb
  LANGUAGE sql STABLE AS $$
    SELECT p_limits || coalesce(jsonb_object_agg(split_part(name, '/', 1), p_limits -> split_part(name, '/', 1)
             || CASE WHEN (tier ->> 0)::numeric > 0 THEN jsonb_build_object('concurrency', (tier ->> 0)::numeric::bigint) ELSE '{}' END
             || CASE WHEN (tier ->> 1)::numeric > 0
                     THEN jsonb_build_object('max', (tier ->> 1)::numeric::bigint, 'window', (tier ->> 2)::numeric::bigint, 'interval', tier -> 3, 'slack', tier -> 4)
                     ELSE '{}' END), '{}')
      FROM (SELECT name, coalesce((SELECT grp.tier FROM shiftwork_group grp WHERE grp.queue = p_queue AND grp.name = own.name),
                                  shiftwork_tier_in(p_opts, own.name)) AS tier
              FROM unnest(p_groups) AS own (name) WHERE p_limits -> split_part(own.name, '/', 1) ? 'tiered') AS groups
     WHERE tier IS NOT NULL
  $$;
  -- A job comes into a line: the numbers that it brings are the group's, where no newer one has brought others.
  CREATE OR REPLACE FUNCTION shiftwork_keep_tier(p_queue text, p_name text, p_opts jsonb, p_added_at bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE shiftwork_group
       SET look_at = CASE WHEN tier IS DISTINCT FROM shiftwork_tier_in(p_opts, p_name) AND tier IS NOT NULL THEN 0 ELSE look_at END,
           tier = shiftwork_tier_in(p_opts, p_name), tier_at = p_added_at
     WHERE queue = p_queue AND name = p_name AND shiftwork_tier_in(p_opts, p_name) IS NOT NULL AND coalesce(tier_at, 0) <= p_added_at
  $$;
  -- Adds jobs of which some stand in the lines of their groups from the beginning. Beside turns that have the rows of the groups that they serve, and
  -- no other ones: what a turn finds out about a line (that it is empty) must hold.
  CREATE OR REPLACE FUNCTION shiftwork_add_fair(p_queue text, p_entries jsonb) RETURNS TABLE (id text, answer text)
  LANGUAGE plpgsql SET search_path FROM CURRENT
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
  #variable_conflict use_column
  DECLARE
    v_ids text[] := '{}';
    v_added boolean;
    v_late text[];
    v_round bigint;
  BEGIN
    FOR id, v_added, answer IN SELECT * FROM shiftwork_add(p_queue, p_entries) LOOP
      IF v_added THEN v_ids := v_ids || id; END IF;
      RETURN NEXT;
    END LOOP;
    -- Behind the locks of keys, as in a turn.
    PERFORM pg_advisory_xact_lock_shared(hashtext('shiftwork:groups:' || p_queue));
    -- Turns side by side write it, and wait for nobody who makes it.
    IF NOT EXISTS (SELECT FROM shiftwork_group_round WHERE queue = p_queue) THEN
      INSERT INTO shiftwork_group_round (queue, at) VALUES (p_queue, 0) ON CONFLICT (queue) DO NOTHING;
    END IF;
    v_round := shiftwork_round(p_queue);
    -- Whoever adds without a key has given it its place already.
    v_late := ARRAY(
      SELECT own.id FROM unnest(v_ids) AS own (id)
             CROSS JOIN LATERAL (SELECT * FROM job WHERE job.queue = p_queue AND job.id = own.id LIMIT 1) AS job
       WHERE state = 'waiting' AND priority < 2097152
         AND jsonb_typeof(opts -> 'groups') = 'array' AND shiftwork_fair_group(opts) IS NOT NULL);
    IF cardinality(v_late) > 0 THEN
      UPDATE job SET priority = priority + 2097152 WHERE job.queue = p_queue AND job.id = ANY (v_late);
    END IF;
    WITH parked AS (
      SELECT job.id, shiftwork_fair_group(opts) AS name, priority - 2097152 AS priority, seq,
             added_at_ms + (opts #>> '{fair,expiresMs}')::bigint + 1 AS expires_at, shiftwork_step(opts #> '{fair,weight}') AS step
        FROM unnest(v_ids) AS own (id)
             CROSS JOIN LATERAL (SELECT * FROM job WHERE job.queue = p_queue AND job.id = own.id LIMIT 1) AS job
       WHERE state = 'waiting' AND priority >= 2097152
    ), lines AS (
      INSERT INTO shiftwork_group_line (queue, id, name, priority, seq, expires_at)
      SELECT p_queue, id, name, priority, seq, expires_at FROM parked
      ON CONFLICT (queue, id) DO UPDATE SET name = excluded.name, priority = excluded.priority, seq = excluded.seq
    )
    INSERT INTO shiftwork_group AS grp (queue, name, look_at, priority, turn, step)
    SELECT p_queue, name, 0, min(priority), v_round + min(step), min(step) FROM parked GROUP BY name ORDER BY name
    ON CONFLICT (queue, name) DO UPDATE SET priority = least(grp.priority, excluded.priority), step = excluded.step
     WHERE grp.priority > excluded.priority OR grp.step <> excluded.step;
    IF jsonb_path_exists(p_entries, '$[*].opts.tiers') THEN
      PERFORM shiftwork_keep_tier(p_queue, line.name, job.opts, job.added_at_ms)
         FROM shiftwork_group_line line JOIN job ON job.queue = line.queue AND job.id = line.id
        WHERE line.queue = p_queue AND line.id = ANY (v_ids) AND job.opts ? 'tiers';
    END IF;
  END;
  $$;
  -- Who has a strict group: nobody once the job has ended, is gone, or belongs to it no longer.
  CREATE OR REPLACE FUNCTION shiftwork_owner_of(p_queue text, p_name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT job.id FROM shiftwork_group_owner owner JOIN job ON job.queue = owner.queue AND job.id = owner.id
     WHERE owner.queue = p_queue AND owner.name = p_name AND job.state NOT IN ('completed', 'failed') AND job.opts -> 'groups' ? p_name
  $$;
  -- The order in which a job needs its groups: strict ones first, by their names, so that no two jobs wait for each other's.
  CREATE OR REPLACE FUNCTION shiftwork_in_order(p_groups text[], p_limits jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(name ORDER BY CASE WHEN strict THEN name END COLLATE "C" NULLS LAST, place), '{}') FROM (
      SELECT name, place, (p_limits -> split_part(name, '/', 1) ? 'strict') IS TRUE AS strict
        FROM unnest(p_groups) WITH ORDINALITY AS own (name, place)) AS groups
  $$;
  -- The first group that keeps a job, and until when; none where it may start. And whether it alone finds out if a pause is over.
  DROP FUNCTION IF EXISTS shiftwork_kept_by(text, text[], jsonb, jsonb, jsonb, bigint);
  CREATE OR REPLACE FUNCTION shiftwork_kept_by(
    p_queue text, p_id text, p_groups text[], p_limits jsonb, p_running jsonb, p_pauses jsonb, p_now bigint,
    OUT kept_by text, OUT until bigint, OUT probing boolean
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_name text;
    v_limit jsonb;
    v_most bigint;
    v_probes boolean;
    v_at bigint;
    v_due double precision;
    v_nth bigint;
  BEGIN
    probing := false;
    FOREACH v_name IN ARRAY p_groups LOOP
      v_limit := p_limits -> split_part(v_name, '/', 1);
      v_most := (v_limit ->> 'concurrency')::bigint;
      IF p_pauses <> '{}' THEN
        SELECT max((p_pauses #>> ARRAY[name, 'until'])::bigint), bool_or((p_pauses #>> ARRAY[name, 'probes'])::boolean)
          INTO until, v_probes
          FROM unnest(ARRAY[v_name, '!' || v_name, '!' || split_part(v_name, '/', 1)]) AS name WHERE p_pauses ? name;
        IF until > p_now THEN
          kept_by := v_name;
          RETURN;
        END IF;
        IF v_probes THEN
          v_most := 1;
          probing := true;
        END IF;
      END IF;
      IF v_most IS NOT NULL AND coalesce((p_running ->> v_name)::integer, 0) >= v_most THEN
        kept_by := v_name;
        until := p_now + 5000;
        RETURN;
      END IF;
      IF v_limit ? 'strict' AND shiftwork_owner_of(p_queue, v_name) <> p_id THEN
        kept_by := v_name;
        -- Nobody who ends it fails to look: this is for those that another program ends.
        until := p_now + 60000;
        RETURN;
      END IF;
      CONTINUE WHEN NOT coalesce(v_limit ? 'max', false);
      SELECT due, nth INTO v_due, v_nth FROM shiftwork_group_start WHERE queue = p_queue AND name = v_name ORDER BY nth DESC LIMIT 1;
      -- A server's clock that has gone back must not stop a group.
      IF v_due - (v_limit ->> 'slack')::double precision > p_now
         AND v_due < p_now + (v_limit ->> 'window')::double precision + (v_limit ->> 'interval')::double precision THEN
        kept_by := v_name;
        until := ceil(v_due - (v_limit ->> 'slack')::double precision);
        RETURN;
      END IF;
      SELECT at INTO v_at FROM shiftwork_group_start
       WHERE queue = p_queue AND name = v_name AND nth = v_nth - (v_limit ->> 'max')::bigint + 1 LIMIT 1;
      until := v_at + (v_limit ->> 'window')::bigint;
      IF until > p_now AND until < p_now + 2 * (v_limit ->> 'window')::bigint THEN
        kept_by := v_name;
        RETURN;
      END IF;
    END LOOP;
    until := NULL;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_spend_start(p_queue text, p_groups text[], p_limits jsonb, p_now bigint) RETURNS void
  LANGUAGE plpgsql AS $$
  DECLARE
    v_name text;
    v_limit jsonb;
    v_due double precision;
    v_nth bigint;
  BEGIN
    FOREACH v_name IN ARRAY p_groups LOOP
      v_limit := p_limits -> split_part(v_name, '/', 1);
      CONTINUE WHEN NOT coalesce(v_limit ? 'max', false);
      SELECT due, nth INTO v_due, v_nth FROM shiftwork_group_start WHERE queue = p_queue AND name = v_name ORDER BY nth DESC LIMIT 1;
      IF v_due IS NULL OR v_due < p_now
         OR v_due > p_now + (v_limit ->> 'window')::double precision + (v_limit ->> 'interval')::double precision THEN
        v_due := p_now;
      END IF;
      -- A few for each that comes: a turn after a long rest must not sweep for all of it. Those that make up a whole rate stay: a host whose clock is
      -- behind this one's has to see them.
      DELETE FROM shiftwork_group_start WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM shiftwork_group_start
         WHERE queue = p_queue AND name = v_name AND over <= p_now AND due <= p_now AND nth <= v_nth - (v_limit ->> 'max')::bigint + 1
         ORDER BY nth LIMIT 4 FOR UPDATE SKIP LOCKED));
      INSERT INTO shiftwork_group_start (queue, name, at, due, over, nth)
      VALUES (p_queue, v_name, p_now, v_due + (v_limit ->> 'interval')::double precision, p_now + (v_limit ->> 'window')::bigint,
              coalesce(v_nth, 0) + 1);
    END LOOP;
  END;
  $$;`;
