/**
 * What the take of a queue whose groups take turns does nearly always, as sets: it serves the lines of groups whose turn it is, in the order in which
 * one look after the other would. A group's jobs stand a step apart from its place on (less where it has more weight), so that order is one sort.
 *
 * It serves jobs that belong to that one group alone, of a limit that counts no starts and keeps no order, and ends before the first that is none of
 * these, has a mark, or has gone: `shiftwork_claim_within` decides that one by itself.
 */
export const SERVE_SQL = `
  -- How many of each group run.
  CREATE OR REPLACE FUNCTION shiftwork_running(p_queue text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(grp, jobs), '{}') FROM (
      SELECT grp, count(*) AS jobs
        FROM job, jsonb_array_elements_text(CASE WHEN jsonb_typeof(opts -> 'groups') = 'array' THEN opts -> 'groups' ELSE '[]' END)
             WITH ORDINALITY AS groups (grp, place)
       WHERE queue = p_queue AND state = 'active' AND place <= 8 AND grp IS NOT NULL GROUP BY grp) AS running
  $$;
  -- How many of a group may run, by its limit and its own numbers: none where it is for shiftwork_kept_by to say.
  CREATE OR REPLACE FUNCTION shiftwork_most_of(p_numbers jsonb, p_tier jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_numbers ? 'tiered' THEN coalesce(nullif((p_tier ->> 0)::numeric::bigint, 0), (p_numbers ->> 'concurrency')::bigint)
                ELSE (p_numbers ->> 'concurrency')::bigint END
  $$;
  -- changed: whether anything stands other than before. running: how many run of the groups that were served. stuck: the group whose head is decided by itself.
  -- p_running: how many run of each group; none where others may be counting: that a group is full is then for a turn that is alone to say, which waits for
  -- those that are about to make room.
  -- It has the rows of the groups that it looks at, so that turns that run side by side serve others; where all are taken it waits for one if it may.
  DROP FUNCTION IF EXISTS shiftwork_serve(text, bigint, bigint, bigint, jsonb, jsonb, jsonb, jsonb, bigint);
  CREATE OR REPLACE FUNCTION shiftwork_serve(
    p_queue text, p_now bigint, p_room bigint, p_bytes bigint, p_limits jsonb, p_expires jsonb, p_pauses jsonb, p_running jsonb, p_round bigint,
    p_waits boolean,
    OUT ids text[], OUT size bigint, OUT running jsonb, OUT round bigint, OUT changed boolean, OUT stuck text
  -- Without a sort there is one plan for whose turn it is, also for a server that believes that the tables are small.
  ) LANGUAGE plpgsql SET enable_sort = off AS $$
  #variable_conflict use_column
  DECLARE
    -- Priority and place as one number: places end at 2^42.
    c_one_priority CONSTANT bigint := 4398046511104;
    v_ring record;
    v_most bigint;
    v_end bigint;
    v_counts boolean := jsonb_path_exists(p_limits, '$.*.concurrency') OR jsonb_path_exists(p_limits, '$.*.tiered');
    v_running jsonb := p_running;
    v_rows record;
    v_last integer;
    v_unread text[];
  BEGIN
    ids := '{}';
    size := 0;
    running := '{}';
    round := p_round;
    changed := false;
    FOR i IN 1 .. 2 LOOP
      SELECT array_agg(at) AS rows, array_agg(name) AS names, array_agg(priority) AS priorities, array_agg(turn) AS turns, array_agg(step) AS steps,
             array_agg(CASE WHEN v_counts THEN tier END) AS tiers, count(*) AS groups
        INTO v_ring
        FROM (SELECT ctid AS at, * FROM shiftwork_group WHERE queue = p_queue AND look_at = 0
               ORDER BY priority, turn LIMIT p_room + 1 FOR UPDATE SKIP LOCKED) AS grp;
      EXIT WHEN v_ring.groups > 0 OR i = 2 OR NOT p_waits;
      -- For one alone, by whoever has none: so no two wait for each other.
      PERFORM FROM shiftwork_group WHERE queue = p_queue AND look_at = 0 ORDER BY priority, turn LIMIT 1 FOR UPDATE;
    END LOOP;
    IF v_ring.groups = 0 THEN RETURN; END IF;
    -- Where turns run side by side they are counted behind these rows: whoever had one has written what it has started.
    IF v_running IS NULL THEN v_running := CASE WHEN v_counts THEN shiftwork_running(p_queue) ELSE '{}' END; END IF;
    -- Of each some more than are likely to be served. Behind the last group come others, which have not been read.
    v_most := least(p_room, ceil(p_room::numeric / v_ring.groups)::bigint + 1);
    IF v_ring.groups > p_room THEN
      v_end := v_ring.priorities[p_room + 1] * c_one_priority + v_ring.turns[p_room + 1];
    END IF;
    WITH stood AS (
      SELECT line.id, line.at, nth, ring.name, turn, step, room, fits, line.priority,
             row_number() OVER line AS k, lead(line.priority) OVER line AS next
        FROM unnest(v_ring.names, v_ring.turns, v_ring.steps, v_ring.tiers) WITH ORDINALITY AS ring (name, turn, step, tier, nth)
             CROSS JOIN LATERAL (
               SELECT CASE WHEN v_counts
                 THEN shiftwork_most_of(numbers, ring.tier) - coalesce((v_running ->> ring.name)::bigint, 0) END AS room,
                      (numbers ?| '{max,strict}' OR (numbers ? 'tiered' AND coalesce((ring.tier ->> 1)::numeric > 0, ring.tier IS NULL))
                        OR (p_pauses <> '{}' AND p_pauses ?| ARRAY[ring.name, '!' || ring.name, '!' || split_part(ring.name, '/', 1)])) IS NOT TRUE AS fits
                 FROM (SELECT p_limits -> split_part(ring.name, '/', 1)) AS lim (numbers)
             ) AS counted
             CROSS JOIN LATERAL (
               SELECT ctid AS at, id, priority, seq FROM shiftwork_group_line
                WHERE queue = p_queue AND name = ring.name ORDER BY priority, seq LIMIT v_most
             ) AS line
      WINDOW line AS (PARTITION BY nth ORDER BY line.priority, line.seq)
    ), placed AS (
      SELECT *, k > room IS TRUE AS is_full,
             priority * c_one_priority + CASE WHEN k = 1 THEN turn ELSE greatest(turn, p_round) + (k - 1) * step END AS place
        FROM stood WHERE (k > room + 1) IS NOT TRUE
    ), ordered AS (
      SELECT *, count(*) FILTER (WHERE NOT is_full) OVER (ORDER BY place, nth ROWS UNBOUNDED PRECEDING) AS n,
             -- Where those of its line would come that have not been read.
             min(greatest(turn, p_round) + k * step + priority * c_one_priority) FILTER (WHERE k = v_most AND NOT is_full) OVER () AS unread
        FROM placed
    )
    SELECT array_agg(wanted.id ORDER BY n, is_full) AS ids, array_agg(nth ORDER BY n, is_full) AS groups, array_agg(is_full ORDER BY n, is_full) AS marks,
           array_agg(wanted.at ORDER BY n, is_full) AS lines,
           array_agg(CASE WHEN is_full THEN priority ELSE next END ORDER BY n, is_full) AS next,
           array_agg(turn ORDER BY n, is_full) AS turns, array_agg(place % c_one_priority ORDER BY n, is_full) AS places,
           array_agg(CASE WHEN is_full THEN step ELSE shiftwork_step(weight) END ORDER BY n, is_full) AS steps,
           array_agg(step ORDER BY n, is_full) AS before,
           array_agg(fits AND ((is_full AND p_running IS NOT NULL) OR is_plain IS TRUE) ORDER BY n, is_full) AS plain, array_agg(size ORDER BY n, is_full) AS sizes, sum(size) AS size
      INTO v_rows
      FROM (SELECT * FROM ordered WHERE place <= coalesce(least(unread, v_end), place) AND (n < p_room OR (n = p_room AND NOT is_full))) AS wanted
           LEFT JOIN LATERAL (
             SELECT pg_column_size(data) AS size, opts #> '{fair,weight}' AS weight,
                    state = 'waiting' AND job.priority >= 2097152 AND opts -> 'groups' = jsonb_build_array(wanted.name) AND deferred_failure IS NULL
                      AND (progress IS NULL OR jsonb_typeof(progress -> 'cancel') IS DISTINCT FROM 'object')
                      AND (p_pauses = '{}' OR NOT p_pauses ? ('!job/' || job.name)) AND (added_at_ms + (p_expires ->> job.name)::bigint < p_now) IS NOT TRUE AS is_plain
               FROM job WHERE job.queue = p_queue AND job.id = wanted.id AND NOT wanted.is_full FOR UPDATE SKIP LOCKED
           ) AS whole ON true;
    v_last := coalesce(array_position(v_rows.plain, false) - 1, cardinality(v_rows.ids), 0);
    IF v_rows.size > p_bytes THEN
      FOR i IN 1 .. v_last LOOP
        IF i > 1 AND size >= p_bytes THEN
          v_last := i - 1;
          EXIT;
        END IF;
        size := size + coalesce(v_rows.sizes[i], 0);
      END LOOP;
    END IF;
    stuck := coalesce(v_ring.names[v_rows.groups[v_last + 1]], CASE WHEN v_last = 0 THEN v_ring.names[1] END);
    changed := v_last > 0;
    IF NOT changed THEN RETURN; END IF;
    size := (SELECT coalesce(sum(of_one), 0) FROM unnest(v_rows.sizes[:v_last]) AS of_one);
    ids := ARRAY(SELECT id FROM unnest(v_rows.ids[:v_last], v_rows.marks[:v_last]) WITH ORDINALITY AS own (id, is_full, n) WHERE NOT is_full ORDER BY n);
    round := greatest(p_round, (SELECT max(place) FROM unnest(v_rows.places[:v_last]) AS place));
    -- Their jobs' rows are this turn's, and so these are.
    DELETE FROM shiftwork_group_line
     WHERE ctid = ANY (ARRAY(SELECT at FROM unnest(v_rows.lines[:v_last], v_rows.marks[:v_last]) AS own (at, is_full) WHERE NOT is_full));
    WITH served AS (
      SELECT nth, count(*) FILTER (WHERE NOT is_full) AS count, bool_or(is_full) AS is_full, min(turn) AS turn, min(before) AS before,
             (array_agg(next ORDER BY n DESC))[1] AS next, (array_agg(step ORDER BY n DESC))[1] AS step
        FROM unnest(v_rows.groups[:v_last], v_rows.marks[:v_last], v_rows.next[:v_last], v_rows.turns[:v_last], v_rows.steps[:v_last], v_rows.before[:v_last])
             WITH ORDINALITY AS own (nth, is_full, next, turn, step, before, n)
       GROUP BY nth
    ), moved AS (
      UPDATE shiftwork_group AS grp
         SET turn = CASE WHEN count = 0 THEN served.turn ELSE greatest(served.turn, p_round) + count * served.before END,
             look_at = CASE WHEN is_full THEN p_now + 5000 ELSE 0 END, priority = coalesce(next, grp.priority), step = served.step
        FROM served WHERE grp.ctid = v_ring.rows[served.nth]
      RETURNING grp.name, served.next, served.count
    )
    SELECT array_agg(name) FILTER (WHERE next IS NULL),
           CASE WHEN v_counts THEN jsonb_object_agg(name, coalesce((v_running ->> name)::bigint, 0) + count) ELSE '{}' END
      INTO v_unread, running FROM moved;
    IF v_unread IS NOT NULL THEN
      -- What comes behind has not been read, or nothing does.
      PERFORM shiftwork_rank(p_queue, grp.name, grp.look_at, grp.turn) FROM shiftwork_group AS grp WHERE grp.queue = p_queue AND grp.name = ANY (v_unread);
    END IF;
  END;
  $$;`;
