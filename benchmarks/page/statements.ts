import { Pool } from 'pg';

/** A server that notes what its statements cost, planning among it. */
export const STATEMENT_SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track_planning': 'on',
};
const SHOWN = 6;
const SHOWN_CHARS = 160;

interface StatementRow {
  readonly calls: string;
  readonly ms: number;
  readonly plan_ms: number;
  readonly text: string;
}

/** What a PostgreSQL was asked for a page, where it notes that. */
export class Statements {
  readonly #pool: Pool;
  #isNoted = false;

  constructor(url: string) {
    this.#pool = new Pool({ connectionString: url, max: 1 });
  }

  /** What a server that has been at work for a minute has done by itself, too. */
  async begin(): Promise<void> {
    await this.#pool.query('VACUUM ANALYZE');
    const { rows } = await this.#pool.query<{ readonly loaded: string }>(
      "select current_setting('shared_preload_libraries') as loaded",
    );
    this.#isNoted = rows[0]?.loaded === STATEMENT_SETTINGS.shared_preload_libraries;
    if (this.#isNoted) await this.#pool.query('create extension if not exists pg_stat_statements');
  }

  async forget(): Promise<void> {
    if (this.#isNoted) await this.#pool.query('select pg_stat_statements_reset()');
  }

  /** A line each, of one look on average. */
  async dearest(looks: number): Promise<readonly string[]> {
    if (!this.#isNoted) return [];
    const { rows } = await this.#pool.query<StatementRow>(
      `select calls, total_exec_time + total_plan_time as ms, total_plan_time as plan_ms, regexp_replace(query, '\\s+', ' ', 'g') as text
         from pg_stat_statements where query not like '%pg_stat_statements%' order by 2 desc limit $1`,
      [SHOWN],
    );
    const each = (total: number): string => (total / looks).toFixed(1);
    return rows.map(
      ({ calls, ms, plan_ms: plan, text }) =>
        `${each(Number(calls))} times, ${each(ms)} ms, of these plans ${each(plan)}: ${text.slice(0, SHOWN_CHARS)}`,
    );
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }
}
