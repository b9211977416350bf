/**
 * What is left of groups whose jobs another program has removed, or taken, and that no job comes to any more: whose a strict group was, and places in
 * lines. Each look walks on from where the last one ended, through a thousand of each at most.
 */
export const SWEEP_GROUPS_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_sweep_groups(p_queue text, INOUT owners_from text, INOUT lines_from text)
  LANGUAGE plpgsql SET search_path FROM CURRENT
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
  DECLARE
    c_at_once CONSTANT integer := 1000;
    c_parked CONSTANT integer := 2097152;
    v_names text[];
    v_ids text[];
  BEGIN
    -- A job that comes back into its line must not lose its place there: turns wait meanwhile, and where one is under way the next look will do.
    IF NOT pg_try_advisory_xact_lock(hashtext('shiftwork:groups:' || p_queue)) THEN RETURN; END IF;
    v_names := ARRAY(SELECT name FROM shiftwork_group_owner WHERE queue = p_queue AND name > owners_from ORDER BY name LIMIT c_at_once);
    DELETE FROM shiftwork_group_owner WHERE queue = p_queue AND name = ANY (v_names) AND shiftwork_owner_of(p_queue, name) IS NULL;
    owners_from := CASE WHEN cardinality(v_names) = c_at_once THEN v_names[c_at_once] ELSE '' END;
    v_ids := ARRAY(SELECT id FROM shiftwork_group_line WHERE queue = p_queue AND id > lines_from ORDER BY id LIMIT c_at_once);
    lines_from := CASE WHEN cardinality(v_ids) = c_at_once THEN v_ids[c_at_once] ELSE '' END;
    v_ids := ARRAY(
      SELECT looked.id FROM unnest(v_ids) AS looked (id)
             LEFT JOIN job ON job.queue = p_queue AND job.id = looked.id AND job.state = 'waiting' AND job.priority >= c_parked
       WHERE job.id IS NULL);
    IF v_ids = '{}' THEN RETURN; END IF;
    DELETE FROM shiftwork_group_line WHERE queue = p_queue AND id = ANY (v_ids);
    -- Whoever puts one back leaves its priority as it is: behind all others, and in no line, nobody would find it.
    UPDATE job SET priority = priority % c_parked WHERE queue = p_queue AND id = ANY (v_ids) AND priority >= c_parked;
    DELETE FROM shiftwork_group AS grp WHERE grp.queue = p_queue AND grp.look_at > 0
       AND NOT EXISTS (SELECT FROM shiftwork_group_line line WHERE line.queue = grp.queue AND line.name = grp.name);
  END;
  $$;`;
