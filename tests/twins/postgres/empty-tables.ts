import type { Client } from 'pg';
import { keepEvents, QUEUE, type HistorySettings } from '../step.ts';

/** As after a migration: also the sequences, from which places and the ids of events come. */
export async function emptyTables(client: Client, { eventsKept }: HistorySettings): Promise<void> {
  await client.query(`
    TRUNCATE job, job_log, job_dependency, event, meta, metrics, rate_limit, dedup, dedup_next, scheduler, shiftwork_turn_done;
    ALTER SEQUENCE job_seq RESTART; ALTER SEQUENCE event_seq RESTART`);
  if (eventsKept === undefined) return;
  for (const [field, value] of Object.entries(keepEvents(eventsKept))) {
    await client.query('INSERT INTO meta (queue, field, value) VALUES ($1, $2, $3)', [QUEUE, field, value]);
  }
}
