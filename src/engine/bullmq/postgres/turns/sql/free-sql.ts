/**
 * What the take of a queue whose limits only count who runs does nearly always, as sets: the jobs in front that no limit keeps. It ends before the first that
 * one keeps, that has a mark, or whose group has a line: `shiftwork_claim_within` decides about that one by itself.
 */
export const FREE_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_free(
    p_queue text, p_now bigint, p_room bigint, p_bytes bigint, p_limits jsonb, p_expires jsonb, p_running jsonb,
    OUT ids text[], OUT size bigint, OUT running jsonb
  ) LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  BEGIN
    WITH next AS MATERIALIZED (
      SELECT id, priority, seq, pg_column_size(data) AS size, CASE WHEN jsonb_typeof(opts -> 'groups') = 'array' THEN opts -> 'groups' ELSE '[]' END AS groups,
             deferred_failure IS NULL AND (progress IS NULL OR jsonb_typeof(progress -> 'cancel') IS DISTINCT FROM 'object')
               AND (added_at_ms + (p_expires ->> name)::bigint < p_now) IS NOT TRUE AS is_plain
        FROM job WHERE queue = p_queue AND state = 'waiting' AND priority < 2097152
       ORDER BY priority, seq LIMIT p_room FOR UPDATE SKIP LOCKED
    ), placed AS MATERIALIZED (
      SELECT *, row_number() OVER line AS n, sum(size) OVER line - size AS before FROM next
      WINDOW line AS (ORDER BY priority, seq ROWS UNBOUNDED PRECEDING)
    ), own AS MATERIALIZED (
      SELECT n, name, row_number() OVER (PARTITION BY name ORDER BY n) AS k
        FROM placed CROSS JOIN LATERAL jsonb_array_elements_text(groups) WITH ORDINALITY AS own (name, place) WHERE place <= 8
    ), kept AS (
      SELECT min(n) AS at FROM (
        SELECT n FROM placed
         WHERE NOT is_plain OR (n > 1 AND before >= p_bytes) OR jsonb_path_exists(groups, '$[*] ? (@.type() != "string")')
        UNION ALL
        SELECT n FROM own
         WHERE k + coalesce((p_running ->> name)::bigint, 0) > (p_limits #>> ARRAY[split_part(name, '/', 1), 'concurrency'])::bigint
            OR EXISTS (SELECT FROM shiftwork_group grp WHERE grp.queue = p_queue AND grp.name = own.name)
      ) AS first
    )
    SELECT coalesce(array_agg(id ORDER BY n), '{}'), coalesce(sum(size), 0),
           (SELECT coalesce(jsonb_object_agg(name, coalesce((p_running ->> name)::bigint, 0) + most), '{}')
              FROM (SELECT name, max(k) AS most FROM own WHERE (n >= (SELECT at FROM kept)) IS NOT TRUE GROUP BY name) AS started)
      INTO ids, size, running
      FROM placed WHERE (n >= (SELECT at FROM kept)) IS NOT TRUE;
    IF ids <> '{}' THEN DELETE FROM shiftwork_group_line WHERE queue = p_queue AND id = ANY (ids); END IF;
  END;
  $$;`;
