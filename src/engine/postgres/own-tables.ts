/**
 * What the platform keeps beside BullMQ's tables, in the same schema: the small shared state (see src/state), the lines of its
 * rate limits, and how claimed jobs are handed back.
 */
export const STATE_TABLES = `
  CREATE SEQUENCE IF NOT EXISTS shiftwork_state_version;
  CREATE TABLE IF NOT EXISTS shiftwork_state (
    collection text NOT NULL,
    name text NOT NULL,
    -- Not jsonb: that refuses texts with a NUL, and results of effects are whatever a handler answered.
    value json NOT NULL,
    version bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (collection, name)
  );
  -- Older releases kept it as jsonb.
  DO $$ BEGIN
    IF (SELECT atttypid FROM pg_attribute WHERE attrelid = 'shiftwork_state'::regclass AND attname = 'value') = 'jsonb'::regtype THEN
      ALTER TABLE shiftwork_state ALTER COLUMN value TYPE json;
    END IF;
  END $$;
  CREATE INDEX IF NOT EXISTS shiftwork_state_expiry ON shiftwork_state (expires_at);
  CREATE TABLE IF NOT EXISTS shiftwork_line (
    line text NOT NULL,
    -- Empty for the line itself, whose turn is when the next arrival would be on time.
    holder text NOT NULL,
    turn_ms double precision NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (line, holder)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_line_expiry ON shiftwork_line (expires_at);`;

export const OWN_FUNCTIONS = `
  CREATE OR REPLACE FUNCTION shiftwork_reserve(
    p_line text, p_holder text, p_interval double precision, p_tolerance double precision, p_kept double precision
  ) RETURNS double precision LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    v_now double precision := extract(epoch FROM clock_timestamp()) * 1000;
    v_turn double precision;
    v_arrival double precision;
  BEGIN
    INSERT INTO shiftwork_line (line, holder, turn_ms, expires_at) VALUES (p_line, '', 0, clock_timestamp() + interval '1 day')
    ON CONFLICT (line, holder) DO NOTHING;
    -- One at a time in a line.
    SELECT turn_ms INTO v_arrival FROM shiftwork_line WHERE line = p_line AND holder = '' FOR UPDATE;
    v_now := extract(epoch FROM clock_timestamp()) * 1000;
    SELECT turn_ms INTO v_turn FROM shiftwork_line
     WHERE line = p_line AND holder = p_holder AND expires_at > clock_timestamp();
    IF FOUND THEN
      IF v_turn <= v_now THEN
        DELETE FROM shiftwork_line WHERE line = p_line AND holder = p_holder;
        RETURN 0;
      END IF;
      RETURN v_turn - v_now;
    END IF;
    v_arrival := greatest(v_arrival, v_now);
    v_turn := v_arrival - p_tolerance;
    UPDATE shiftwork_line
       SET turn_ms = v_arrival + p_interval,
           expires_at = clock_timestamp() + (v_arrival + p_interval - v_now) * interval '1 millisecond' + interval '1 day'
     WHERE line = p_line AND holder = '';
    IF v_turn <= v_now THEN RETURN 0; END IF;
    INSERT INTO shiftwork_line (line, holder, turn_ms, expires_at)
    VALUES (p_line, p_holder, v_turn, clock_timestamp() + (v_turn - v_now + p_kept) * interval '1 millisecond')
    ON CONFLICT (line, holder) DO UPDATE SET turn_ms = excluded.turn_ms, expires_at = excluded.expires_at;
    RETURN v_turn - v_now;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_hand_back(p_queue text, p_ids text[], p_tokens text[]) RETURNS SETOF text
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    v_id text;
    v_token text;
  BEGIN
    -- The one that goes last ends at the head.
    FOR v_id, v_token IN
      SELECT id, token FROM unnest(p_ids, p_tokens) WITH ORDINALITY AS held (id, token, place) ORDER BY place DESC
    LOOP
      -- BullMQ's function answers a wrong token with silence.
      PERFORM FROM job WHERE queue = p_queue AND id = v_id AND state = 'active' AND lock_token = v_token FOR UPDATE;
      CONTINUE WHEN NOT FOUND;
      PERFORM move_active_to_wait(p_queue, v_id, v_token, 0);
      -- It puts those without a priority at the tail.
      UPDATE job SET seq = -nextval('job_seq') WHERE queue = p_queue AND id = v_id AND priority = 0;
      RETURN NEXT v_id;
    END LOOP;
  END;
  $$;`;
