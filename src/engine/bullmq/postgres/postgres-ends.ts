import type { PgPool } from 'bullmq';
import { endedIds, idsText, type ChildStanding, type EndedJob, type JobEnds, type JobPlace } from '../../ends/index.ts';
import { joinable } from './joinable-reads.ts';

interface EndRow {
  readonly place: number;
  readonly state: string | null;
  readonly result: string | null;
  readonly message: string | null;
  readonly last_line: string | null;
  readonly kept: string | null;
}

const READ = `
  SELECT asked.place::int, job.state::text, job.return_value::text AS result, job.failed_reason AS message,
         (SELECT row FROM job_log log WHERE log.queue = asked.queue AND log.job_id = asked.id ORDER BY idx DESC LIMIT 1) AS last_line,
         (SELECT value::text FROM shiftwork_result kept
           WHERE kept.queue = asked.queue AND kept.job_id = asked.id AND kept.expires_at > clock_timestamp()) AS kept
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (queue, id, place)
    LEFT JOIN job ON job.queue = asked.queue AND job.id = asked.id
   ORDER BY asked.place`;

const SIGNS = `
  SELECT asked.place::int, job.id IS NOT NULL AS known,
         md5(concat_ws('|', job.state, job.attempts_made, job.attempts_started, job.process_at_ms, job.progress)) AS sign
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (queue, id, place)
    LEFT JOIN job ON job.queue = asked.queue AND job.id = asked.id
   ORDER BY asked.place`;

const CHILDREN = joinable(
  ['text', 'text'],
  `
  SELECT child_queue AS queue, child_id AS id, status::text, value::text FROM job_dependency
   WHERE parent_queue = $1 AND parent_id = $2`,
);

const DUE = joinable(
  ['text', 'text'],
  // The state is asked of the row: as a condition it makes the index of what is delayed fit, and all of a queue's may be walked through for one.
  "SELECT CASE WHEN state = 'delayed' THEN process_at_ms END AS due FROM job WHERE queue = $1 AND id = $2",
);

const FORGET = `
  WITH asked AS (SELECT * FROM unnest($1::text[], $2::text[]) AS asked (queue, id)),
  steps AS (DELETE FROM shiftwork_step step USING asked WHERE step.queue = asked.queue AND step.job_id = asked.id),
  results AS (
    DELETE FROM shiftwork_result kept USING asked WHERE kept.queue = asked.queue AND kept.job_id = asked.id RETURNING 1
  )
  SELECT count(*)::int AS results FROM results`;

interface ChildRow extends JobPlace {
  readonly status: string;
  readonly value: string | null;
}

export interface PostgresEndsOptions {
  readonly pool: PgPool;
  readonly schema: string;
  /** Hears a channel on a connection of its own. */
  readonly listen: (channel: string, called: (said?: string) => void) => void;
}

export class PostgresEnds implements JobEnds {
  readonly #options: PostgresEndsOptions;
  readonly #channel: string;

  constructor(options: PostgresEndsOptions) {
    this.#options = options;
    this.#channel = `shiftwork_ended_${options.schema}`.slice(0, 63);
  }

  async read(jobs: readonly JobPlace[]): Promise<readonly EndedJob[]> {
    if (jobs.length === 0) return [];
    const params = [jobs.map(({ queue }) => queue), jobs.map(({ id }) => id)];
    const { rows } = await this.#options.pool.query<EndRow>(READ, params);
    return rows.map(endOf);
  }

  async signs(jobs: readonly JobPlace[]): Promise<readonly (string | undefined)[]> {
    if (jobs.length === 0) return [];
    const params = [jobs.map(({ queue }) => queue), jobs.map(({ id }) => id)];
    const { rows } = await this.#options.pool.query<{ readonly known: boolean; readonly sign: string }>(SIGNS, params);
    return rows.map(({ known, sign }) => (known ? sign : undefined));
  }

  async children({ queue, id }: JobPlace): Promise<readonly ChildStanding[]> {
    const { rows } = await this.#options.pool.query<ChildRow>(CHILDREN, [queue, id]);
    return rows.map(childOf);
  }

  async forget(jobs: readonly JobPlace[]): Promise<number> {
    const params = [jobs.map(({ queue }) => queue), jobs.map(({ id }) => id)];
    const { rows } = await this.#options.pool.query<{ readonly results: number }>(FORGET, params);
    return rows[0]?.results ?? 0;
  }

  async dueAt({ queue, id }: JobPlace): Promise<number | undefined> {
    const { rows } = await this.#options.pool.query<{ readonly due: string | null }>(DUE, [queue, id]);
    const due = rows[0]?.due;
    return due === undefined || due === null ? undefined : Number(due);
  }

  async announce(jobIds: readonly string[]): Promise<void> {
    const texts = idsText(jobIds);
    await this.#options.pool.query('SELECT pg_notify($1, said) FROM unnest($2::text[]) AS said', [
      this.#channel,
      texts,
    ]);
  }

  async listen(heard: (jobIds?: readonly string[]) => void): Promise<void> {
    this.#options.listen(this.#channel, said => heard(said === undefined ? undefined : endedIds(said)));
  }
}

function childOf({ queue, id, status, value }: ChildRow): ChildStanding {
  if (status === 'processed') return { queue, id, state: 'succeeded', result: value ?? 'null' };
  if (status === 'pending') return { queue, id, state: 'open' };
  const message: unknown = value === null ? undefined : JSON.parse(value);
  return typeof message === 'string' ? { queue, id, state: 'failed', message } : { queue, id, state: 'failed' };
}

function endOf({ state, result, message, last_line: lastLine, kept }: EndRow): EndedJob {
  switch (state) {
    case null:
      return kept === null ? { kind: 'unknown' } : { kind: 'succeeded', result: kept };
    case 'completed':
      return { kind: 'succeeded', result: result ?? 'null' };
    case 'failed':
      return { kind: 'failed', message: message ?? '', lastLine: lastLine ?? undefined };
    default:
      return { kind: 'open' };
  }
}
