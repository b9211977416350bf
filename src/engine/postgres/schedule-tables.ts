/** Schedules that were made at run time (see src/schedules), in the schema of BullMQ's tables. */
export const SCHEDULE_TABLES = `
  CREATE TABLE IF NOT EXISTS shiftwork_schedule (
    name text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    -- When it is to be looked at next, milliseconds since 1970; none while it is paused.
    due_ms double precision,
    -- Not jsonb: that refuses texts with a NUL.
    record json NOT NULL
  );
  CREATE INDEX IF NOT EXISTS shiftwork_schedule_due ON shiftwork_schedule (due_ms) WHERE due_ms IS NOT NULL;`;
