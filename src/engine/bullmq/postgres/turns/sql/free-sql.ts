/**
 * What the take of a queue whose limits only count who runs does nearly always, as sets: the jobs in front that no limit keeps. It ends (`cut`) before the first that
 * one keeps, that has a mark, or whose group has a line: `shiftwork_claim_within` decides about that one by itself.
 *
 * As long as no job waits in a line such turns run side by side (`shiftwork_claim_counted`): each has the locks of the groups of which it starts jobs until
 * it has ended, and counts behind them, so that no two count the same place. It waits for none of them.
 */
export const FREE_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_only_counts(p_queue text, p_limits jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    RETURN jsonb_path_exists(p_limits, '$.*.concurrency') AND NOT p_limits ? ''
       AND NOT jsonb_path_exists(p_limits, '$.*.keyvalue() ? (@.key != "concurrency")')
       AND NOT EXISTS (SELECT FROM shiftwork_group_pause WHERE queue = p_queue)
       AND NOT EXISTS (SELECT FROM shiftwork_group WHERE queue = p_queue);
  END;
  $$;
  DROP FUNCTION IF EXISTS shiftwork_free(text, bigint, bigint, bigint, jsonb, jsonb, jsonb);
  -- p_running: how many run of each group; none where others may be counting.
  CREATE OR REPLACE FUNCTION shiftwork_free(
    p_queue text, p_now bigint, p_room bigint, p_bytes bigint, p_limits jsonb, p_expires jsonb, p_running jsonb,
    OUT ids text[], OUT size bigint, OUT running jsonb, OUT cut boolean
  ) LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    v_next record;
    v_running jsonb := p_running;
    v_others text[] := '{}';
  BEGIN
    SELECT array_agg(id ORDER BY priority, seq) AS ids, array_agg(size ORDER BY priority, seq) AS sizes,
           array_agg(groups ORDER BY priority, seq) AS groups, array_agg(is_plain ORDER BY priority, seq) AS plain INTO v_next FROM (
      SELECT id, priority, seq, pg_column_size(data) AS size, CASE WHEN jsonb_typeof(opts -> 'groups') = 'array' THEN opts -> 'groups' ELSE '[]' END AS groups,
             deferred_failure IS NULL AND (progress IS NULL OR jsonb_typeof(progress -> 'cancel') IS DISTINCT FROM 'object')
               AND (added_at_ms + (p_expires ->> name)::bigint < p_now) IS NOT TRUE AS is_plain
        FROM job WHERE queue = p_queue AND state = 'waiting' AND priority < 2097152
       ORDER BY priority, seq LIMIT p_room FOR UPDATE SKIP LOCKED
    ) AS next;
    IF p_running IS NULL THEN
      -- A server has room for some thousands of locks.
      v_others := ARRAY(
        SELECT name FROM (
          SELECT name, row_number() OVER (ORDER BY min(n)) AS nth
            FROM unnest(v_next.groups) WITH ORDINALITY AS next (groups, n) CROSS JOIN LATERAL jsonb_array_elements_text(groups) AS own (name)
           WHERE p_limits -> split_part(name, '/', 1) ? 'concurrency' GROUP BY name
        ) AS wanted
         WHERE CASE WHEN nth > 100 THEN true
                    ELSE NOT pg_try_advisory_xact_lock(hashtext('shiftwork:group:' || p_queue), hashtext(name)) END);
      -- Behind these locks: whoever had one has written what it has started.
      v_running := shiftwork_running(p_queue);
    END IF;
    WITH placed AS MATERIALIZED (
      SELECT *, sum(size) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) - size AS before
        FROM unnest(v_next.ids, v_next.sizes, v_next.groups, v_next.plain) WITH ORDINALITY AS next (id, size, groups, is_plain, n)
    ), own AS MATERIALIZED (
      SELECT n, name, row_number() OVER (PARTITION BY name ORDER BY n) AS k
        FROM placed CROSS JOIN LATERAL jsonb_array_elements_text(groups) WITH ORDINALITY AS own (name, place) WHERE place <= 8
    ), kept AS (
      SELECT min(n) AS at FROM (
        SELECT n FROM placed
         WHERE NOT is_plain OR (n > 1 AND before >= p_bytes) OR jsonb_path_exists(groups, '$[*] ? (@.type() != "string")')
        UNION ALL
        SELECT n FROM own
         WHERE k + coalesce((v_running ->> name)::bigint, 0) > (p_limits #>> ARRAY[split_part(name, '/', 1), 'concurrency'])::bigint
            OR name = ANY (v_others) OR EXISTS (SELECT FROM shiftwork_group grp WHERE grp.queue = p_queue AND grp.name = own.name)
      ) AS first
    )
    SELECT coalesce(array_agg(id ORDER BY n), '{}'), coalesce(sum(size), 0),
           (SELECT coalesce(jsonb_object_agg(name, coalesce((v_running ->> name)::bigint, 0) + most), '{}')
              FROM (SELECT name, max(k) AS most FROM own WHERE (n >= (SELECT at FROM kept)) IS NOT TRUE GROUP BY name) AS started),
           EXISTS (SELECT FROM kept WHERE at IS NOT NULL)
      INTO ids, size, running, cut
      FROM placed WHERE (n >= (SELECT at FROM kept)) IS NOT TRUE;
    IF ids <> '{}' THEN DELETE FROM shiftwork_group_line WHERE queue = p_queue AND id = ANY (ids); END IF;
  END;
  $$;
  -- alone: the next turn is to be alone, since this one has met a job that it may not decide about.
  CREATE OR REPLACE FUNCTION shiftwork_claim_counted(
    p_queue text, p_now bigint, p_room bigint, p_tokens text[], p_lock_ms bigint, p_name text, p_bytes bigint, p_limits jsonb, p_expires jsonb,
    OUT ids text[], OUT probes boolean[], OUT more boolean, OUT limited_until bigint, OUT alone boolean
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_free record;
    v_alone record;
  BEGIN
    ids := '{}';
    probes := '{}';
    more := true;
    -- What came up while this turn waited for one that was alone is for the next one.
    alone := NOT shiftwork_only_counts(p_queue, p_limits);
    IF alone THEN RETURN; END IF;
    SELECT * INTO v_free FROM shiftwork_free(p_queue, p_now, least(p_room, 64), p_bytes, p_limits, p_expires, NULL);
    ids := v_free.ids;
    probes := array_fill(false, ARRAY[cardinality(ids)]);
    PERFORM shiftwork_begin(p_queue, ids, p_tokens, p_lock_ms, p_name, p_now);
    -- What others have found in its hands, and it leaves, nobody else would know of.
    IF v_free.cut THEN PERFORM pg_notify('bullmq_jobs', p_queue); END IF;
    IF NOT v_free.cut OR v_free.size >= p_bytes THEN
      -- One that finds all in the hands of others comes again when it is told to.
      more := cardinality(ids) > 0 AND EXISTS (SELECT FROM job WHERE queue = p_queue AND state = 'waiting' AND priority < 2097152);
    ELSIF pg_try_advisory_xact_lock(hashtext('shiftwork:groups:' || p_queue)) THEN
      -- It is alone already.
      SELECT * INTO v_alone FROM shiftwork_claim_within(
        p_queue, p_now, p_room - cardinality(ids), p_tokens[cardinality(ids) + 1:], p_lock_ms, p_name, p_bytes - v_free.size, p_limits, p_expires);
      ids := ids || v_alone.ids;
      probes := probes || v_alone.probes;
      more := v_alone.more;
    ELSE
      alone := true;
    END IF;
  END;
  $$;`;
