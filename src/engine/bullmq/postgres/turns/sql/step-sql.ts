/**
 * Results of steps, beside BullMQ's tables. A row belongs to a job by its id and by when it was added: a job that is made again of the same cause
 * has steps of its own. There is no foreign key, which every job that is deleted would pay for: rows whose jobs are gone are looked for.
 */
export const STEP_TABLES = `
  CREATE TABLE IF NOT EXISTS shiftwork_step (
    queue text NOT NULL,
    job_id text NOT NULL,
    added_at_ms bigint NOT NULL,
    name text NOT NULL,
    result text NOT NULL,
    looked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (queue, job_id, added_at_ms, name)
  );
  CREATE INDEX IF NOT EXISTS shiftwork_step_looked_at ON shiftwork_step (looked_at);`;

/** $1 queue, $2 id, $3 token, $4 name, $5 result. Answers a row where it was stored. */
export const STORE_STEP = `
  WITH mine AS (
    SELECT queue, id, added_at_ms FROM job WHERE queue = $1 AND id = $2 AND lock_token = $3 AND state = 'active' FOR UPDATE
  )
  INSERT INTO shiftwork_step (queue, job_id, added_at_ms, name, result)
  SELECT queue, id, added_at_ms, $4, $5 FROM mine
  ON CONFLICT (queue, job_id, added_at_ms, name) DO UPDATE SET result = excluded.result
  RETURNING name`;

/** $1 queue, $2 id, $3 token. The row without a name says that the job is held. */
export const READ_STEPS = `
  WITH mine AS (
    SELECT queue, id, added_at_ms FROM job WHERE queue = $1 AND id = $2 AND lock_token = $3 AND state = 'active'
  )
  SELECT NULL AS name, NULL AS result FROM mine
  UNION ALL
  SELECT step.name, step.result FROM mine
    JOIN shiftwork_step step ON step.queue = mine.queue AND step.job_id = mine.id AND step.added_at_ms = mine.added_at_ms`;

/** $1 queue, $2 id. */
export const STEP_NAMES = `
  SELECT step.name FROM job
    JOIN shiftwork_step step ON step.queue = job.queue AND step.job_id = job.id AND step.added_at_ms = job.added_at_ms
   WHERE job.queue = $1 AND job.id = $2`;

/** A few that nobody has looked at for a while: those whose jobs are gone go as well. Parts of a statement. */
export const SWEEP_STEPS = `
  old_steps AS (
    SELECT step.ctid AS place, EXISTS (
             SELECT 1 FROM job WHERE job.queue = step.queue AND job.id = step.job_id AND job.added_at_ms = step.added_at_ms
           ) AS stays
      FROM shiftwork_step step WHERE looked_at < clock_timestamp() - interval '10 minutes'
     ORDER BY looked_at LIMIT 500 FOR UPDATE SKIP LOCKED
  ),
  gone_steps AS (DELETE FROM shiftwork_step WHERE ctid IN (SELECT place FROM old_steps WHERE NOT stays)),
  kept_steps AS (UPDATE shiftwork_step SET looked_at = clock_timestamp() WHERE ctid IN (SELECT place FROM old_steps WHERE stays))`;

export interface StepRow {
  readonly name: string | null;
  readonly result: string | null;
}
