import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';
import type { EngineClock } from '../../clock/index.ts';

/**
 * BullMQ 6.7 tells its functions the time by its machine's clock. Which of the parameters that is, by the function's name in the statement
 * (`extend_locks` is a statement of its own); a test notices a BullMQ that tells it elsewhere.
 */
const TIME_AT: ReadonlyMap<string, readonly number[]> = new Map([
  ['change_delay', [3]],
  ['clean', [2]],
  ['collect_metrics', [3]],
  ['extend_lock', [4]],
  ['move_active_to_wait', [3]],
  ['move_stalled_jobs_to_wait', [2]],
  ['move_to_active', [3]],
  ['move_to_completed', [4]],
  ['move_to_completed_fetch', [4, 9]],
  ['move_to_delayed', [3]],
  ['move_to_failed', [5]],
  ['move_to_failed_fetch', [5, 10]],
  ['next_signal', [2]],
  ['rate_limit_ttl', [2]],
  ['remove_child_dependency', [3]],
  ['retry_jobs', [3]],
  ['set_rate_limit', [2]],
]);
const OF_STATEMENTS: readonly (readonly [part: string, at: readonly number[]])[] = [
  ['SET locked_until_ms = $5', [4]],
  ['DELETE FROM dedup', [3]],
  ['FROM dedup', [2]],
];

/** The pool as BullMQ's backend sees it, with the engine's time in the place of this machine's, both ways. */
export class EngineTimePool implements PgPool {
  readonly options = { keepAlive: true };
  readonly #pool: PgPool;
  readonly #clock: EngineClock;

  constructor(pool: PgPool, clock: EngineClock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  async query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    const at = timesIn(text);
    if (at.length === 0 || params === undefined) return this.#inMachineTime(text, await this.#pool.query(text, params));
    const differenceMs = Date.now() - this.#clock.now();
    const changed = params.map((param, index) =>
      typeof param === 'number' && at.includes(index) ? param - differenceMs : param,
    );
    return this.#inMachineTime(text, await this.#pool.query(text, changed));
  }

  connect(): Promise<PgPoolClient> {
    return this.#pool.connect();
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  on(): this {
    return this;
  }

  removeAllListeners(): this {
    return this;
  }

  /** When the next delayed job is due: the worker compares it with its machine's clock. */
  #inMachineTime<Row>(text: string, result: PgQueryResult<Row>): PgQueryResult<Row> {
    if (!text.includes('next_delay')) return result;
    const differenceMs = Date.now() - this.#clock.now();
    for (const row of result.rows) {
      if (typeof row !== 'object' || row === null || !('next_delay' in row) || row.next_delay === null) continue;
      row.next_delay = String(Number(row.next_delay) + differenceMs);
    }
    return result;
  }
}

const known = new Map<string, readonly number[]>();

function timesIn(text: string): readonly number[] {
  let at = known.get(text);
  if (at === undefined) {
    at = OF_STATEMENTS.find(([part]) => text.includes(part))?.[1] ?? TIME_AT.get(functionIn(text) ?? '') ?? [];
    // BullMQ's statements are a fixed set; what is not among them must not grow this.
    if (known.size < 500) known.set(text, at);
  }
  return at;
}

/** The function that a statement calls: behind `SELECT`, or behind `FROM`. */
function functionIn(text: string): string | undefined {
  const statement = text.replaceAll(/--.*$/gm, '');
  return /\b(?:FROM|SELECT)\s+([a-z_]+)\s*\(\s*\$1\b/.exec(statement)?.[1];
}

export async function postgresTime(pool: PgPool): Promise<number> {
  const { rows } = await pool.query<{ readonly now: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  );
  const [row] = rows;
  if (row === undefined) throw new Error('The server answered the question for its time with nothing.');
  return row.now;
}
