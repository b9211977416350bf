/**
 * Keys of ours on BullMQ's table of deduplication ids (6.7.0): a row without a time holds while its job is there, as BullMQ's simple mode has it; what
 * a key has beside that stands in the job's own options (`StoredKey`). Callers hold the advisory lock of the key.
 */
export const KEY_TABLES = `
  -- The digest of what a job carried that has ended, as long as its key.
  CREATE TABLE IF NOT EXISTS shiftwork_key (
    queue text NOT NULL,
    dedup_id text NOT NULL,
    job_id text NOT NULL,
    data text NOT NULL,
    until_ms bigint NOT NULL,
    PRIMARY KEY (queue, dedup_id)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_key_until ON shiftwork_key (queue, until_ms);`;

export const KEY_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_key_holder(p_queue text, p_key text, p_now bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT job_id FROM dedup
     WHERE queue = p_queue AND dedup_id = p_key
       AND (expire_at_ms > p_now OR (expire_at_ms IS NULL AND EXISTS (
         SELECT 1 FROM job WHERE job.queue = p_queue AND job.id = dedup.job_id)))
  $$;
  -- Whether a new job with a key meets another one, or itself.
  CREATE OR REPLACE FUNCTION shiftwork_key_met(p_queue text, p_entry jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT shiftwork_key_holder(p_queue, p_entry ->> 'dedupId', (p_entry ->> 'timestamp')::bigint) IS NOT NULL
        OR shiftwork_key_holder(p_queue, p_entry #>> '{before,id}', (p_entry ->> 'timestamp')::bigint) IS NOT NULL
        OR EXISTS (SELECT 1 FROM job WHERE queue = p_queue AND id IN (p_entry ->> 'id', p_entry #>> '{before,jobId}'))
  $$;
  -- The id that its caller is answered and how it stands; no id where the job may be added, and has the key from then on.
  CREATE OR REPLACE FUNCTION shiftwork_claim(p_queue text, p_entry jsonb, OUT id text, OUT answer text)
  LANGUAGE plpgsql AS $$
  #variable_conflict use_variable
  DECLARE
    v_key jsonb := p_entry #> '{opts,deduplication}';
    v_mark text := p_entry #>> '{opts,deduplication,id}';
    v_id_of_key text := v_mark;
    v_data text := p_entry #>> '{opts,deduplication,data}';
    v_id text := p_entry ->> 'id';
    v_now bigint := (p_entry ->> 'timestamp')::bigint;
    v_holder text;
    v_job job;
    v_known text;
    v_since bigint;
    v_start bigint;
  BEGIN
    answer := 'stands';
    IF EXISTS (SELECT 1 FROM job WHERE job.queue = p_queue AND job.id = v_id) THEN
      id := v_id;
      RETURN;
    END IF;
    v_holder := shiftwork_key_holder(p_queue, v_mark, v_now);
    IF v_holder IS NULL AND p_entry ? 'before' THEN
      v_mark := p_entry #>> '{before,id}';
      v_data := p_entry #>> '{before,data}';
      v_holder := shiftwork_key_holder(p_queue, v_mark, v_now);
      IF v_holder IS NULL AND EXISTS (SELECT 1 FROM job WHERE job.queue = p_queue AND job.id = p_entry #>> '{before,jobId}') THEN
        id := p_entry #>> '{before,jobId}';
        RETURN;
      END IF;
    END IF;
    IF v_holder IS NULL THEN RETURN; END IF;
    IF v_holder = v_id THEN
      -- Its job is gone, and the key stands on for its time.
      answer := 'stands';
    ELSIF p_entry ? 'instead' THEN
      IF v_holder = p_entry ->> 'instead' THEN
        DELETE FROM dedup WHERE dedup.queue = p_queue AND dedup_id = v_mark;
        RETURN;
      END IF;
      answer := 'conflict';
    ELSIF v_key ->> 'keep' = 'last' THEN
      -- A row that is locked is being taken, ended or changed: which of them is known when its holder is done. That one may wait for the lock of this
      -- key, so this call fails and is made again, instead of waiting.
      SELECT * INTO v_job FROM job WHERE job.queue = p_queue AND job.id = v_holder FOR UPDATE NOWAIT;
      IF NOT FOUND OR v_job.state IN ('completed', 'failed', 'active') OR jsonb_typeof(v_job.progress -> 'cancel') = 'object' THEN
        IF v_job.state IN ('completed', 'failed') AND EXISTS (
          SELECT 1 FROM dedup WHERE dedup.queue = p_queue AND dedup_id = v_mark AND expire_at_ms IS NULL) THEN
          answer := 'conflict';
        ELSE
          DELETE FROM dedup WHERE dedup.queue = p_queue AND dedup_id = v_mark;
          RETURN;
        END IF;
      ELSE
        v_since := coalesce((v_job.opts #>> '{deduplication,since}')::bigint, v_job.added_at_ms);
        v_start := greatest(v_now, least(
          v_now + (p_entry ->> 'delay')::bigint, v_since + (v_key ->> 'maxWait')::bigint));
        PERFORM shiftwork_write_change(p_queue, v_job, jsonb_set(p_entry -> 'opts', '{deduplication,since}', to_jsonb(v_since)),
          p_entry -> 'data', coalesce((p_entry ->> 'priority')::integer, 0));
        UPDATE job SET added_at_ms = v_now, dedup_id = v_id_of_key WHERE job.queue = p_queue AND job.id = v_holder;
        IF v_mark <> v_id_of_key THEN
          -- It has had the key under the secret of before.
          UPDATE dedup SET dedup_id = v_id_of_key WHERE dedup.queue = p_queue AND dedup_id = v_mark;
        END IF;
        IF v_job.state = 'delayed' AND v_job.attempts_started = 0 THEN
          UPDATE job SET delay_ms = v_start - v_now, process_at_ms = v_start WHERE job.queue = p_queue AND job.id = v_holder;
          PERFORM publish_event(p_queue, 'delayed', jsonb_build_object('jobId', v_holder, 'delay', v_start));
        END IF;
        answer := 'updated';
      END IF;
    ELSE
      SELECT opts #>> '{deduplication,data}' INTO v_known FROM job WHERE job.queue = p_queue AND job.id = v_holder;
      IF NOT FOUND THEN
        SELECT data INTO v_known FROM shiftwork_key k
         WHERE k.queue = p_queue AND k.dedup_id = v_mark AND k.job_id = v_holder;
      END IF;
      IF v_known <> v_data THEN answer := 'conflict'; END IF;
    END IF;
    id := v_holder;
    PERFORM publish_event(p_queue, 'deduplicated',
      jsonb_build_object('jobId', v_holder, 'deduplicationId', v_mark, 'deduplicatedJobId', v_id));
  END;
  $$;
  -- Gives a key to a job where it is free, or the job's own already: while the job exists, or for p_for. Answers who has it then.
  CREATE OR REPLACE FUNCTION shiftwork_hold_key(p_queue text, p_id text, p_key text, p_for bigint, p_data text, p_now bigint) RETURNS text
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    v_holder text;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('bullmq:dedup:' || p_queue || ':' || p_key));
    v_holder := shiftwork_key_holder(p_queue, p_key, p_now);
    IF v_holder <> p_id THEN RETURN v_holder; END IF;
    INSERT INTO dedup (queue, dedup_id, job_id, expire_at_ms) VALUES (p_queue, p_key, p_id, p_now + p_for)
    ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, expire_at_ms = excluded.expire_at_ms;
    IF p_for IS NOT NULL AND p_data IS NOT NULL THEN
      INSERT INTO shiftwork_key (queue, dedup_id, job_id, data, until_ms) VALUES (p_queue, p_key, p_id, p_data, p_now + p_for)
      ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, data = excluded.data, until_ms = excluded.until_ms;
    END IF;
    RETURN p_id;
  END;
  $$;
  -- BullMQ's dedup_finalize, but for jobs whose end says what becomes of their key.
  DROP FUNCTION IF EXISTS shiftwork_release(text, text[], text[], bigint);
  CREATE OR REPLACE FUNCTION shiftwork_release(p_queue text, p_ids text[], p_keys text[], p_ends jsonb[], p_now bigint) RETURNS void
  LANGUAGE sql AS $$
    DELETE FROM dedup USING unnest(p_ids, p_keys, p_ends) AS ended (id, key, body)
     WHERE dedup.queue = p_queue AND dedup.dedup_id = ended.key AND NOT body ? 'key'
       AND ((dedup.expire_at_ms IS NULL AND dedup.job_id = ended.id) OR dedup.expire_at_ms <= p_now);
    WITH kept AS (
      UPDATE dedup SET expire_at_ms = p_now + (body #>> '{key,for}')::bigint
        FROM unnest(p_ids, p_keys, p_ends) AS ended (id, key, body)
       WHERE dedup.queue = p_queue AND dedup.dedup_id = ended.key AND dedup.job_id = ended.id AND body #> '{key,for}' IS NOT NULL
      RETURNING dedup.dedup_id, dedup.job_id, dedup.expire_at_ms, body
    )
    INSERT INTO shiftwork_key (queue, dedup_id, job_id, data, until_ms)
    SELECT p_queue, dedup_id, job_id, body #>> '{key,data}', expire_at_ms FROM kept WHERE body #> '{key,data}' IS NOT NULL
    ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, data = excluded.data, until_ms = excluded.until_ms;
  $$;`;
