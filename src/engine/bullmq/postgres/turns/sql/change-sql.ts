/**
 * Changes a job that waits, as BullMQ's `change_priority`, `change_delay` and `update_data` (6.7.0) do, and what it has beside them: where it stands in
 * the line of a group it leaves that, and is looked at like one that was just added, when its priority or its groups are others.
 */
export const CHANGE_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_write_change(p_queue text, p_job job, p_opts jsonb, p_data jsonb, p_priority integer) RETURNS boolean
  LANGUAGE plpgsql AS $$
  DECLARE
    c_lines CONSTANT integer := 2097152;
    v_is_held boolean := p_job.priority >= c_lines;
    v_moves boolean := p_job.state = 'waiting' AND (
      p_priority <> p_job.priority % c_lines OR (v_is_held AND p_job.opts -> 'groups' IS DISTINCT FROM p_opts -> 'groups'));
  BEGIN
    IF v_moves AND v_is_held THEN DELETE FROM shiftwork_group_line WHERE queue = p_queue AND id = p_job.id; END IF;
    UPDATE job
       SET opts = p_opts, data = coalesce(p_data, data),
           priority = CASE WHEN v_is_held AND NOT v_moves THEN priority ELSE p_priority END,
           seq = CASE WHEN v_moves THEN nextval('job_seq') ELSE seq END
     WHERE queue = p_queue AND id = p_job.id;
    RETURN v_moves;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_change(
    p_queue text, p_id text, p_now bigint, p_before jsonb, p_opts jsonb, p_data jsonb, p_priority integer, p_due bigint
  ) RETURNS text LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    v_before bigint := pg_sequence_last_value('event_seq');
    v_job job;
    v_moves boolean;
  BEGIN
    SELECT * INTO v_job FROM job WHERE queue = p_queue AND id = p_id FOR UPDATE;
    IF NOT FOUND THEN RETURN 'missing'; END IF;
    IF v_job.state IN ('completed', 'failed') THEN RETURN 'ended'; END IF;
    IF v_job.state = 'active' THEN RETURN 'runs'; END IF;
    IF v_job.state = 'waiting-children' THEN RETURN 'waits-for-children'; END IF;
    IF v_job.opts IS DISTINCT FROM p_before THEN RETURN 'again'; END IF;
    v_moves := shiftwork_write_change(p_queue, v_job, p_opts, p_data, coalesce(p_priority, v_job.priority % 2097152));
    IF p_due > p_now THEN
      DELETE FROM shiftwork_group_line WHERE queue = p_queue AND id = p_id;
      UPDATE job
         SET state = 'delayed', process_at_ms = p_due, priority = priority % 2097152,
             delay_ms = greatest(1, p_due - greatest(added_at_ms, coalesce(processed_at_ms, 0)))
       WHERE queue = p_queue AND id = p_id;
      PERFORM publish_event(p_queue, 'delayed', jsonb_build_object('jobId', p_id, 'delay', p_due));
    ELSIF p_due IS NOT NULL AND v_job.state = 'delayed' THEN
      UPDATE job SET state = 'waiting', process_at_ms = NULL, delay_ms = 0, seq = nextval('job_seq') WHERE queue = p_queue AND id = p_id;
      PERFORM publish_event(p_queue, 'waiting', jsonb_build_object('jobId', p_id, 'prev', 'delayed'));
    END IF;
    -- It may start earlier than an idle worker was told.
    IF v_moves OR p_due IS NOT NULL THEN PERFORM pg_notify('bullmq_jobs', p_queue); END IF;
    PERFORM shiftwork_announce(p_queue, v_before);
    RETURN 'changed';
  END;
  $$;`;

/** $1 queue, $2 id, $3 now, $4 the options that were read, $5 options, $6 data, $7 priority, $8 when it is due; null in the last three where it stays. */
export const CHANGE = 'SELECT shiftwork_change($1, $2, $3, $4, $5, $6, $7, $8) AS answer';

/** $1 queue, $2 id. Texts, so that numbers and large objects are compared as they stand. */
export const READ_CHANGEABLE =
  'SELECT name, data::text AS data, opts::text AS opts, added_at_ms, progress::text AS progress FROM job WHERE queue = $1 AND id = $2';
