/**
 * What the platform keeps beside BullMQ's tables, in the same schema: the small shared state (see src/state), the lines of the
 * rate limits of 0.1, and how claimed jobs are handed back.
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
