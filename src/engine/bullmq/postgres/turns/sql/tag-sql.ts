import { joinable } from '../../joinable-reads.ts';

/**
 * The index of tags, beside BullMQ's tables. Triggers of the table of jobs keep it, whoever adds or removes a job and however: they are called for
 * jobs with tags alone, by their options.
 */
export const TAG_TABLES = `
  CREATE TABLE IF NOT EXISTS shiftwork_tag (
    queue text NOT NULL,
    digest text NOT NULL,
    job_id text NOT NULL,
    PRIMARY KEY (queue, digest, job_id)
  );`;

export const TAG_SQL = `
  CREATE OR REPLACE FUNCTION shiftwork_tag_job() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    INSERT INTO shiftwork_tag (queue, digest, job_id)
    SELECT NEW.queue, digest, NEW.id FROM unnest(string_to_array(NEW.opts ->> 'tg', ' ')) AS digest
    ON CONFLICT DO NOTHING;
    RETURN NULL;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_retag_job() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    DELETE FROM shiftwork_tag WHERE queue = OLD.queue AND job_id = OLD.id AND digest = ANY (string_to_array(OLD.opts ->> 'tg', ' '));
    INSERT INTO shiftwork_tag (queue, digest, job_id)
    SELECT NEW.queue, digest, NEW.id FROM unnest(string_to_array(NEW.opts ->> 'tg', ' ')) AS digest
    ON CONFLICT DO NOTHING;
    RETURN NULL;
  END;
  $$;
  CREATE OR REPLACE FUNCTION shiftwork_untag_job() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  BEGIN
    DELETE FROM shiftwork_tag WHERE queue = OLD.queue AND job_id = OLD.id AND digest = ANY (string_to_array(OLD.opts ->> 'tg', ' '));
    RETURN NULL;
  END;
  $$;
  CREATE OR REPLACE TRIGGER shiftwork_tag_job AFTER INSERT ON job FOR EACH ROW
    WHEN (jsonb_typeof(NEW.opts -> 'tg') = 'string') EXECUTE FUNCTION shiftwork_tag_job();
  CREATE OR REPLACE TRIGGER shiftwork_retag_job AFTER UPDATE OF opts ON job FOR EACH ROW
    WHEN (OLD.opts -> 'tg' IS DISTINCT FROM NEW.opts -> 'tg') EXECUTE FUNCTION shiftwork_retag_job();
  CREATE OR REPLACE TRIGGER shiftwork_untag_job AFTER DELETE ON job FOR EACH ROW
    WHEN (jsonb_typeof(OLD.opts -> 'tg') = 'string') EXECUTE FUNCTION shiftwork_untag_job();`;

/** $1 queue, $2 digests, $3 how many at most, $4 the name of a contract or null, $5 the id behind which it goes on or null. */
export const FIND_TAGGED = joinable(
  ['text', 'text[]', 'integer', 'text', 'text'],
  `
  SELECT tag.job_id AS id FROM shiftwork_tag tag
   WHERE tag.queue = $1 AND tag.digest = ($2::text[])[1] AND ($5::text IS NULL OR tag.job_id < $5)
     AND NOT EXISTS (
       SELECT FROM unnest($2::text[]) AS wanted (digest)
        WHERE NOT EXISTS (
          SELECT FROM shiftwork_tag other
           WHERE other.queue = tag.queue AND other.digest = wanted.digest AND other.job_id = tag.job_id))
     AND ($4::text IS NULL OR EXISTS (SELECT FROM job WHERE job.queue = tag.queue AND job.id = tag.job_id AND job.name = $4))
   ORDER BY tag.job_id DESC LIMIT $3`,
);
