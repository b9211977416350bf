/**
 * Groups: jobs that share a limit. A job that must wait stands in the line of the group that keeps it, and behind all others of its queue (its
 * priority and 4,194,304). That place is what counts: where another program has taken or removed the job, its place in the line means nothing.
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

/** Whose a strict group is: the job that was started and has not ended. */
export const GROUP_OWNERS = `
  CREATE TABLE IF NOT EXISTS shiftwork_group_owner (queue text NOT NULL, name text NOT NULL, id text NOT NULL, PRIMARY KEY (queue, name));`;

export const GROUP_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_pause_group(p_queue text, p_name text, p_until bigint, p_probes boolean) RETURNS void
  LANGUAGE sql SET search_path FROM CURRENT AS $$
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
  -- A job that was set aside is the next of its priority. Its place in a line means nothing from then on.
  CREATE OR REPLACE FUNCTION shiftwork_bring_forward(p_queue text, p_id text) RETURNS void
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    UPDATE job SET priority = priority - 4194304, seq = -nextval('job_seq')
     WHERE queue = p_queue AND id = p_id AND state = 'waiting' AND priority >= 4194304;
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
  -- Where a group has a line, its place among those whose turn it is.
  CREATE OR REPLACE FUNCTION shiftwork_rank(p_queue text, p_name text, p_look_at bigint) RETURNS void LANGUAGE plpgsql AS $$
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
    VALUES (p_queue, p_name, p_look_at, v_priority, nextval('job_seq'))
    ON CONFLICT (queue, name) DO UPDATE SET look_at = excluded.look_at, priority = excluded.priority, turn = excluded.turn;
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
    v_most integer;
    v_probes boolean;
    v_at bigint;
    v_due double precision;
    v_nth bigint;
  BEGIN
    probing := false;
    FOREACH v_name IN ARRAY p_groups LOOP
      v_limit := p_limits -> split_part(v_name, '/', 1);
      v_most := (v_limit ->> 'concurrency')::integer;
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
       WHERE queue = p_queue AND name = v_name AND nth = v_nth - (v_limit ->> 'max')::integer + 1 LIMIT 1;
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
      -- A few for each that comes: a turn after a long rest must not sweep for all of it.
      DELETE FROM shiftwork_group_start WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM shiftwork_group_start
         WHERE queue = p_queue AND name = v_name AND over <= p_now AND due <= p_now ORDER BY nth LIMIT 4 FOR UPDATE SKIP LOCKED));
      INSERT INTO shiftwork_group_start (queue, name, at, due, over, nth)
      VALUES (p_queue, v_name, p_now, v_due + (v_limit ->> 'interval')::double precision, p_now + (v_limit ->> 'window')::bigint,
              coalesce(v_nth, 0) + 1);
    END LOOP;
  END;
  $$;`;
