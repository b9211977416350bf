import type { PgPool } from 'bullmq';
import { foundIn, pageIn, type RawSchedule } from './found-schedules.ts';
import type {
  FoundPage,
  FoundSchedules,
  ScheduleChange,
  ScheduleFigures,
  ScheduleStore,
  UnreadableSchedule,
} from './schedule-store.ts';

interface Row {
  readonly name: string;
  /** bigint, which the driver gives as text. */
  readonly version: string;
  readonly due_ms: number | null;
  readonly record: unknown;
}

interface FiguresRow {
  readonly count: string;
  readonly due: string;
  readonly first: number | null;
}

const READ = 'SELECT name, version, due_ms, record FROM shiftwork_schedule';
const PUT = `
  WITH given AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::float8[], $4::text[]) AS g (name, version, due, record)
  ), locked AS (
    -- All in one order, so that two who change the same ones wait for each other instead of cancelling each other.
    SELECT s.name, given.due, given.record FROM shiftwork_schedule s
      JOIN given ON s.name = given.name AND s.version = given.version ORDER BY s.name FOR UPDATE OF s
  ), replaced AS (
    UPDATE shiftwork_schedule s
       SET record = locked.record::json, due_ms = locked.due, version = nextval('shiftwork_state_version')
      FROM locked WHERE s.name = locked.name RETURNING s.name
  ), created AS (
    INSERT INTO shiftwork_schedule (name, version, due_ms, record)
    SELECT name, nextval('shiftwork_state_version'), due, record::json FROM given WHERE version = 0 ORDER BY name
    ON CONFLICT (name) DO NOTHING RETURNING name
  )
  SELECT name FROM replaced UNION ALL SELECT name FROM created`;
const POSTPONE = `
  UPDATE shiftwork_schedule s SET due_ms = $3
    FROM unnest($1::text[], $2::bigint[]) AS g (name, version) WHERE s.name = g.name AND s.version = g.version`;
const LIST = `${READ}
  WHERE name >= $1 AND name <= $2 AND ($3::text IS NULL OR name > $3) ORDER BY name LIMIT $4`;
const FIGURES = `
  SELECT (SELECT count(*) FROM shiftwork_schedule) AS count,
         (SELECT count(*) FROM shiftwork_schedule WHERE due_ms <= $1) AS due,
         (SELECT min(due_ms) FROM shiftwork_schedule) AS first`;
/** The last character that there is: no name goes on with it. */
const LAST = '\u{10FFFF}';

/** In the queues' PostgreSQL; `Engine.migrate()` makes its table. */
export class PostgresSchedules implements ScheduleStore {
  readonly #pool: PgPool;

  constructor(pool: PgPool) {
    this.#pool = pool;
  }

  async get(names: readonly string[]): Promise<FoundSchedules> {
    return foundIn(await this.#read(`${READ} WHERE name = ANY($1::text[])`, [names]));
  }

  async put(changes: readonly ScheduleChange[]): Promise<ReadonlySet<string>> {
    if (changes.length === 0) return new Set();
    const { rows } = await this.#pool.query<Pick<Row, 'name'>>(PUT, [
      changes.map(({ name }) => name),
      changes.map(({ version }) => version),
      changes.map(({ dueAt }) => dueAt ?? null),
      changes.map(({ schedule }) => JSON.stringify(schedule)),
    ]);
    return new Set(rows.map(({ name }) => name));
  }

  async remove(name: string): Promise<boolean> {
    const { rows } = await this.#pool.query('DELETE FROM shiftwork_schedule WHERE name = $1 RETURNING name', [name]);
    return rows.length === 1;
  }

  async due(now: number, limit: number): Promise<FoundSchedules> {
    return foundIn(await this.#read(`${READ} WHERE due_ms <= $1 ORDER BY due_ms LIMIT $2`, [now, limit]));
  }

  async postpone(schedules: readonly UnreadableSchedule[], dueAt: number): Promise<void> {
    if (schedules.length === 0) return;
    await this.#pool.query(POSTPONE, [
      schedules.map(({ name }) => name),
      schedules.map(({ version }) => version),
      dueAt,
    ]);
  }

  async list({ prefix, after, limit }: Parameters<ScheduleStore['list']>[0]): Promise<FoundPage> {
    return pageIn(await this.#read(LIST, [prefix, `${prefix}${LAST}`, after ?? null, limit]), limit);
  }

  async figures(now: number): Promise<ScheduleFigures> {
    const [row] = (await this.#pool.query<FiguresRow>(FIGURES, [now])).rows;
    return { count: Number(row?.count), due: Number(row?.due), firstDueAt: row?.first ?? undefined };
  }

  async #read(text: string, values: readonly unknown[]): Promise<readonly RawSchedule[]> {
    const { rows } = await this.#pool.query<Row>(text, [...values]);
    return rows.map(({ name, version, due_ms: due, record }) => ({
      name,
      version: Number(version),
      dueAt: due ?? undefined,
      record,
    }));
  }
}
