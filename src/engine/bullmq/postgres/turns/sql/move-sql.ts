/**
 * Jobs that go on later, as sets: what BullMQ's `move_to_delayed`, `retry_job` and `move_active_to_wait` (6.7.0) do to one. The caller
 * (`shiftwork_settle`) holds the rows and has checked each job's lock.
 */
export const MOVE_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_delay(p_queue text, p_ids text[], p_ends jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    WITH e AS (
      SELECT id, (body ->> 'at')::bigint AS at, coalesce((body ->> 'delay')::bigint, 0) AS delay, body ->> 'reason' AS reason,
             body -> 'stack' AS stack, CASE WHEN (body ->> 'skip')::boolean THEN 0 ELSE 1 END AS attempt, place
        FROM unnest(p_ids, p_ends) WITH ORDINALITY AS ended (id, body, place)
    ), moved AS (
      UPDATE job
         SET state = 'delayed', process_at_ms = e.at, delay_ms = e.delay, failed_reason = coalesce(e.reason, failed_reason),
             stacktrace = coalesce(e.stack, stacktrace), lock_token = NULL, locked_until_ms = NULL,
             attempts_made = attempts_made + e.attempt
        FROM e
       WHERE job.queue = p_queue AND job.id = e.id
    )
    INSERT INTO event (queue, event, data, created_at_ms)
    SELECT p_queue, 'delayed', jsonb_build_object('jobId', id, 'delay', at), shiftwork_now() FROM e ORDER BY place;
    PERFORM pg_notify('bullmq_jobs', p_queue);
  END;
  $$;
  -- An attempt goes to the tail (or the head, where the job is LIFO); what is handed back goes to the head, the last one first, its attempts untouched.
  CREATE OR REPLACE FUNCTION shiftwork_requeue(p_queue text, p_ids text[], p_ends jsonb[], p_back boolean) RETURNS void
  LANGUAGE plpgsql AS $$
  BEGIN
    WITH e AS (
      SELECT id, body ->> 'reason' AS reason, body -> 'stack' AS stack, body -> 'opts' AS opts, place,
             nextval('job_seq') * CASE WHEN p_back OR (body ->> 'lifo')::boolean THEN -1 ELSE 1 END AS seq
        FROM (
          SELECT id, body, CASE WHEN p_back THEN -place ELSE place END AS place
            FROM unnest(p_ids, p_ends) WITH ORDINALITY AS ended (id, body, place)
           ORDER BY 3
        ) AS ordered
    ), moved AS (
      UPDATE job
         SET state = 'waiting', seq = e.seq, lock_token = NULL, locked_until_ms = NULL,
             process_at_ms = CASE WHEN p_back THEN process_at_ms END,
             failed_reason = coalesce(e.reason, failed_reason), stacktrace = coalesce(e.stack, stacktrace),
             attempts_made = attempts_made + CASE WHEN p_back THEN 0 ELSE 1 END, opts = coalesce(e.opts, job.opts)
        FROM e
       WHERE job.queue = p_queue AND job.id = e.id
    )
    INSERT INTO event (queue, event, data, created_at_ms)
    SELECT p_queue, 'waiting', jsonb_build_object('jobId', id, 'prev', 'active'), shiftwork_now() FROM e ORDER BY place;
    PERFORM pg_notify('bullmq_jobs', p_queue);
  END;
  $$;`;
