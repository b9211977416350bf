import type { NoteAnswer, RunNote } from '../../../../turns/index.ts';

/** $1 queue; lists in one order: $2 ids, $3 tokens, $4 lines as JSON, $5 how many lines a log may have, $6 and $7 the progress before and after. */
export const NOTE = `
  WITH held AS (
    SELECT note.place, job.id, note.lines, note.most, job.progress::text AS there, note.after,
           coalesce(job.progress, '0'::jsonb) = note.before AS same
      FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::int[], $6::jsonb[], $7::jsonb[])
           WITH ORDINALITY AS note (id, token, lines, most, before, after, place)
      JOIN job ON job.queue = $1 AND job.id = note.id AND job.lock_token = note.token AND job.state = 'active'
     ORDER BY job.id FOR UPDATE OF job
  ), stands AS (
    SELECT held.*, (SELECT coalesce(max(idx) + 1, 0) FROM job_log WHERE queue = $1 AND job_id = held.id) AS next FROM held
  ), lines AS (
    INSERT INTO job_log (queue, job_id, idx, row)
    SELECT $1, id, next + nth - 1, line FROM stands, jsonb_array_elements_text(lines) WITH ORDINALITY AS said (line, nth)
     WHERE next + nth <= most
  ), progress AS (
    SELECT place, update_progress($1, id, after) AS written FROM held WHERE after IS NOT NULL AND same
  )
  SELECT held.place::int, CASE WHEN held.after IS NULL OR written IS NOT NULL THEN NULL ELSE coalesce(there, '0') END AS there
    FROM held LEFT JOIN progress ON progress.place = held.place`;

export interface NoteRow {
  readonly place: number;
  /** The progress that stands there, where it is another one. */
  readonly there: string | null;
}

export function noteParameters(queue: string, notes: readonly RunNote[]): readonly unknown[] {
  return [
    queue,
    notes.map(({ jobId }) => jobId),
    notes.map(({ token }) => token),
    notes.map(({ lines }) => JSON.stringify(lines)),
    notes.map(({ mostLines }) => mostLines),
    notes.map(({ progress }) => progress?.from ?? null),
    notes.map(({ progress }) => progress?.to ?? null),
  ];
}

export function noteAnswers(notes: readonly RunNote[], rows: readonly NoteRow[]): readonly NoteAnswer[] {
  const byPlace = new Map(rows.map(row => [row.place, row]));
  return notes.map((_, index): NoteAnswer => {
    const row = byPlace.get(index + 1);
    if (row === undefined) return { kind: 'lost' };
    return row.there === null ? { kind: 'noted' } : { kind: 'changed', progress: row.there };
  });
}
