import type { PgPool, PgQueryResult } from 'bullmq';
import type { EngineClock } from '../../clock/index.ts';
import { PoolInFront } from './pool-in-front.ts';

/**
 * BullMQ 6.7 gives its functions the time of its machine's clock. Which of the parameters that is, by the function's name in the statement,
 * for those that a queue calls; a test notices a BullMQ that has it elsewhere.
 */
const TIME_AT: ReadonlyMap<string, readonly number[]> = new Map([
  ['change_delay', [3]],
  ['clean', [2]],
  ['rate_limit_ttl', [2]],
  ['retry_jobs', [3]],
  ['set_rate_limit', [2]],
]);
const OF_STATEMENTS: readonly (readonly [part: string, at: readonly number[]])[] = [
  ['DELETE FROM dedup', [3]],
  ['FROM dedup', [2]],
];

/** The pool as BullMQ's backend sees it, with the engine's time in the place of this machine's. */
export class EngineTimePool extends PoolInFront {
  readonly #clock: EngineClock;

  constructor(pool: PgPool, clock: EngineClock) {
    super(pool);
    this.#clock = clock;
  }

  async query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    const at = timesIn(text);
    if (at.length === 0 || params === undefined) return this.behind.query(text, params);
    const differenceMs = Date.now() - this.#clock.now();
    const changed = params.map((param, index) =>
      typeof param === 'number' && at.includes(index) ? param - differenceMs : param,
    );
    return this.behind.query(text, changed);
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
