/**
 * Which dead letter has which cause (see src/dead-letters/causes), in the schema of BullMQ's tables. It can be built again from them at
 * any time.
 */
export const LETTER_TABLES = `
  CREATE TABLE IF NOT EXISTS shiftwork_letter (
    queue text NOT NULL,
    id text NOT NULL,
    cause text NOT NULL,
    ended_ms bigint NOT NULL,
    expected boolean NOT NULL,
    PRIMARY KEY (queue, id)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_letter_cause ON shiftwork_letter (queue, cause, ended_ms, id);
  CREATE INDEX IF NOT EXISTS shiftwork_letter_failure ON shiftwork_letter (queue, ended_ms, id) WHERE NOT expected;
  CREATE TABLE IF NOT EXISTS shiftwork_cause (
    queue text NOT NULL,
    cause text NOT NULL,
    expected boolean NOT NULL,
    -- Of the newest.
    name text NOT NULL,
    reason text NOT NULL,
    newest_ms bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (queue, cause)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_cause_count ON shiftwork_cause (queue, count DESC, cause);`;

export const LETTER_FUNCTIONS = `
  CREATE OR REPLACE FUNCTION shiftwork_drop_letters(p_queue text, p_ids text[], p_ends bigint[]) RETURNS void
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    -- One at a time in a queue: two who change the counts of the same causes would cancel each other.
    PERFORM pg_advisory_xact_lock(hashtext('shiftwork letters ' || p_queue));
    WITH dropped AS (
      DELETE FROM shiftwork_letter l USING unnest(p_ids, p_ends) AS given (id, ended)
       WHERE l.queue = p_queue AND l.id = given.id AND l.ended_ms = given.ended RETURNING l.cause
    ), fewer AS (SELECT cause, count(*) AS n FROM dropped GROUP BY cause)
    UPDATE shiftwork_cause c SET count = c.count - fewer.n FROM fewer WHERE c.queue = p_queue AND c.cause = fewer.cause;
    DELETE FROM shiftwork_cause WHERE queue = p_queue AND count <= 0;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_put_letters(
    p_queue text, p_ids text[], p_ends bigint[], p_causes text[], p_expected boolean[], p_names text[], p_reasons text[]
  ) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    v_old_ids text[];
    v_old_ends bigint[];
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('shiftwork letters ' || p_queue));
    -- The same job has ended before, or was counted under another cause.
    SELECT array_agg(l.id), array_agg(l.ended_ms) INTO v_old_ids, v_old_ends
      FROM shiftwork_letter l JOIN unnest(p_ids, p_ends, p_causes) AS given (id, ended, cause) ON l.id = given.id
     WHERE l.queue = p_queue AND (l.ended_ms <> given.ended OR l.cause <> given.cause);
    IF v_old_ids IS NOT NULL THEN PERFORM shiftwork_drop_letters(p_queue, v_old_ids, v_old_ends); END IF;
    WITH added AS (
      INSERT INTO shiftwork_letter (queue, id, cause, ended_ms, expected)
      SELECT p_queue, id, cause, ended, expected
        FROM unnest(p_ids, p_ends, p_causes, p_expected) AS given (id, ended, cause, expected)
      ON CONFLICT (queue, id) DO NOTHING RETURNING id
    ), newest AS (
      SELECT DISTINCT ON (given.cause) given.*, count(*) OVER (PARTITION BY given.cause) AS n
        FROM unnest(p_ids, p_ends, p_causes, p_expected, p_names, p_reasons) AS given (id, ended, cause, expected, name, reason)
        JOIN added USING (id)
       ORDER BY given.cause, given.ended DESC
    )
    INSERT INTO shiftwork_cause AS c (queue, cause, expected, name, reason, newest_ms, count)
    SELECT p_queue, cause, expected, name, reason, ended, n FROM newest
    ON CONFLICT (queue, cause) DO UPDATE SET
      count = c.count + excluded.count,
      name = CASE WHEN excluded.newest_ms >= c.newest_ms THEN excluded.name ELSE c.name END,
      reason = CASE WHEN excluded.newest_ms >= c.newest_ms THEN excluded.reason ELSE c.reason END,
      newest_ms = greatest(excluded.newest_ms, c.newest_ms);
  END;
  $$;`;
