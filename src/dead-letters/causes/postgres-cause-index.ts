import type { PgPool } from 'bullmq';
import { joinable } from '../../engine/index.ts';
import type { CauseIndex, CountedCause, CountedLetter, IndexSize, LetterEnd, Page, Stretches } from './cause-index.ts';

/** bigint, which the driver gives as text. */
interface EndRow {
  readonly id: string;
  readonly ended: string;
}

interface CauseRow extends Pick<CountedCause, 'cause' | 'expected' | 'name' | 'reason'> {
  readonly count: string;
  readonly first: string;
  readonly last: string;
}

interface StrikeRow {
  readonly cause: string;
  readonly step: number;
  readonly count: number;
}

/** What another program wrote may be missing; a failed job without a time ended at no time. */
const FAILED = `SELECT id, coalesce(finished_at_ms, 0) AS ended FROM job WHERE queue = $1 AND state = 'failed'`;
/*
 * One letter is looked up by queue and id, and what else it has to be is asked of that row alone. Beside them a condition on its state or end makes
 * other indexes fit, and of a queue that the statistics do not know yet the planner expects one row in each: it then walks through all letters of the
 * queue for each of a page (two seconds for a thousand among two thousand). `ctid` keeps it from an index that has all columns, and these in no good order.
 */
const IS_COUNTED = `coalesce((SELECT l.ctid IS NOT NULL AND l.ended_ms = page.ended FROM shiftwork_letter l WHERE l.queue = $1 AND l.id = page.id), false)`;
const ENDS = `
  SELECT id, ended FROM (
    SELECT id, state, coalesce(finished_at_ms, 0) AS ended FROM job WHERE queue = $1 AND id = ANY($2::text[]) OFFSET 0
  ) AS named WHERE state = 'failed'`;
const PUT = `SELECT shiftwork_put_letters($1, $2::text[], $3::bigint[], $4::text[], $5::boolean[], $6::text[], $7::text[])`;
const DROP = `SELECT shiftwork_drop_letters($1, $2::text[], $3::bigint[])`;
const SIZE = joinable(
  ['text'],
  `
  SELECT (SELECT count(*) FROM job WHERE queue = $1 AND state = 'failed') AS kept,
         coalesce(sum(count), 0) AS counted, coalesce(sum(count) FILTER (WHERE NOT expected), 0) AS failures
    FROM shiftwork_cause WHERE queue = $1`,
);
const CAUSE = `
  SELECT c.cause, c.name, c.reason, c.expected, c.count,
         (SELECT min(ended_ms) FROM shiftwork_letter l WHERE l.queue = $1 AND l.cause = c.cause) AS first,
         (SELECT max(ended_ms) FROM shiftwork_letter l WHERE l.queue = $1 AND l.cause = c.cause) AS last
    FROM shiftwork_cause c WHERE c.queue = $1`;
const CAUSES = joinable(['text', 'integer', 'integer'], `${CAUSE} ORDER BY c.count DESC, c.cause OFFSET $2 LIMIT $3`);
const ONE_CAUSE = joinable(['text', 'text'], `${CAUSE} AND c.cause = $2`);
const STRIKES = joinable(
  ['text', 'text[]', 'bigint', 'bigint', 'integer'],
  `
  SELECT cause, ((ended_ms - $3) / $4)::integer AS step, count(*)::integer AS count FROM shiftwork_letter
   WHERE queue = $1 AND cause = ANY($2::text[]) AND ended_ms >= $3 AND ended_ms < $3 + $4::bigint * $5 GROUP BY 1, 2`,
);
const NEWEST = joinable(
  ['text', 'text', 'integer'],
  `
  SELECT id, ended_ms AS ended FROM shiftwork_letter
   WHERE queue = $1 AND cause = $2 ORDER BY ended_ms DESC, id DESC LIMIT $3`,
);
const NEWEST_FAILURES = joinable(
  ['text', 'integer'],
  `
  SELECT id, ended_ms AS ended FROM shiftwork_letter
   WHERE queue = $1 AND NOT expected ORDER BY ended_ms DESC, id DESC LIMIT $2`,
);
const WALK = `
  SELECT id, ended_ms AS ended FROM shiftwork_letter
   WHERE queue = $1 AND cause = $2 AND (ended_ms, id) < ($3, $4) ORDER BY ended_ms DESC, id DESC LIMIT $5`;
const UNCOUNTED = `
  WITH page AS (
    ${FAILED} AND coalesce(finished_at_ms, 0) >= $2 AND (coalesce(finished_at_ms, 0), id) > ($2, $3)
     ORDER BY finished_at_ms NULLS FIRST, id LIMIT $4
  )
  SELECT page.id, page.ended, ${IS_COUNTED} AS counted FROM page ORDER BY page.ended, page.id`;
const UNCOUNTED_NEWEST = joinable(
  ['text', 'integer'],
  `
  WITH page AS (
    SELECT id, ended FROM (
      (${FAILED} AND finished_at_ms IS NOT NULL ORDER BY finished_at_ms DESC LIMIT $2)
      UNION ALL (${FAILED} AND finished_at_ms IS NULL LIMIT $2)
    ) AS newest ORDER BY ended DESC LIMIT $2
  )
  SELECT page.id, page.ended FROM page WHERE NOT ${IS_COUNTED}`,
);
const GONE = `
  WITH page AS (SELECT id, ended_ms AS ended FROM shiftwork_letter WHERE queue = $1 AND id > $2 ORDER BY id LIMIT $3)
  SELECT page.id, page.ended,
         coalesce((SELECT j.state = 'failed' AND coalesce(j.finished_at_ms, 0) = page.ended
                     FROM job j WHERE j.queue = $1 AND j.id = page.id), false) AS kept
    FROM page ORDER BY page.id`;

/** The index in the queues' PostgreSQL; `Engine.migrate()` makes its tables. Relies on BullMQ's `job` table: state and `finished_at_ms`. */
export class PostgresCauseIndex implements CauseIndex {
  readonly #pool: PgPool;

  constructor(pool: PgPool) {
    this.#pool = pool;
  }

  async put(queue: string, said: readonly CountedLetter[]): Promise<void> {
    // The same twice in one statement would be counted twice.
    const letters = [...new Map(said.map(letter => [letter.id, letter])).values()];
    if (letters.length === 0) return;
    const column = <Value>(of: (letter: CountedLetter) => Value): Value[] => letters.map(of);
    await this.#pool.query(PUT, [
      queue,
      column(({ id }) => id),
      column(({ endedAt }) => endedAt),
      column(({ cause }) => cause),
      column(({ expected }) => expected),
      column(({ name }) => name),
      column(({ reason }) => reason),
    ]);
  }

  async drop(queue: string, letters: readonly LetterEnd[]): Promise<void> {
    if (letters.length === 0) return;
    await this.#pool.query(DROP, [queue, letters.map(({ id }) => id), letters.map(({ endedAt }) => endedAt)]);
  }

  async size(queue: string): Promise<IndexSize> {
    const { rows } = await this.#pool.query<Record<keyof IndexSize, string>>(SIZE, [queue]);
    const [row] = rows;
    return { kept: Number(row?.kept), counted: Number(row?.counted), failures: Number(row?.failures) };
  }

  async causes(queue: string, skip: number, limit: number): Promise<readonly CountedCause[]> {
    return (await this.#pool.query<CauseRow>(CAUSES, [queue, skip, limit])).rows.map(causeOf);
  }

  async cause(queue: string, cause: string): Promise<CountedCause | undefined> {
    const [row] = (await this.#pool.query<CauseRow>(ONE_CAUSE, [queue, cause])).rows;
    return row && causeOf(row);
  }

  async strikes(
    queue: string,
    causes: readonly string[],
    { from, stepMs, steps }: Stretches,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    if (causes.length === 0) return new Map();
    const { rows } = await this.#pool.query<StrikeRow>(STRIKES, [queue, causes, from, stepMs, steps]);
    const found = new Map<string, number[]>();
    for (const { cause, step, count } of rows) {
      const counts = found.get(cause) ?? Array.from({ length: steps }, () => 0);
      counts[step] = count;
      found.set(cause, counts);
    }
    return found;
  }

  async newest(queue: string, cause: string | undefined, limit: number): Promise<readonly LetterEnd[]> {
    const { rows } =
      cause === undefined
        ? await this.#pool.query<EndRow>(NEWEST_FAILURES, [queue, limit])
        : await this.#pool.query<EndRow>(NEWEST, [queue, cause, limit]);
    return rows.map(endOf);
  }

  async walk(queue: string, cause: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    const { rows } = await this.#pool.query<EndRow>(WALK, [queue, cause, ...cursorOf(from ?? NEWEST_PLACE), limit]);
    return { items: rows.map(endOf), next: nextOf(rows, limit) };
  }

  async ends(queue: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.#pool.query<EndRow>(ENDS, [queue, ids]);
    return new Map(rows.map(({ id, ended }) => [id, Number(ended)]));
  }

  async uncounted(queue: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    const { rows } = await this.#pool.query<EndRow & { readonly counted: boolean }>(UNCOUNTED, [
      queue,
      ...cursorOf(from),
      limit,
    ]);
    return { items: rows.filter(({ counted }) => !counted).map(endOf), next: nextOf(rows, limit) };
  }

  async uncountedNewest(queue: string, limit: number): Promise<readonly LetterEnd[]> {
    return (await this.#pool.query<EndRow>(UNCOUNTED_NEWEST, [queue, limit])).rows.map(endOf);
  }

  async gone(queue: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    const { rows } = await this.#pool.query<EndRow & { readonly kept: boolean }>(GONE, [queue, from ?? '', limit]);
    return {
      items: rows.filter(({ kept }) => !kept).map(endOf),
      next: rows.length < limit ? undefined : rows.at(-1)?.id,
    };
  }
}

function causeOf({ cause, expected, name, reason, count, first, last }: CauseRow): CountedCause {
  return {
    cause,
    expected,
    name,
    reason,
    count: Number(count),
    firstEndedAt: Number(first),
    lastEndedAt: Number(last),
  };
}

function endOf({ id, ended }: EndRow): LetterEnd {
  return { id, endedAt: Number(ended) };
}

/** Behind every end. */
const NEWEST_PLACE = `${Number.MAX_SAFE_INTEGER} `;

/** `END ID`. */
function cursorOf(from: string | undefined): readonly [string, string] {
  if (from === undefined) return ['-1', ''];
  const space = from.indexOf(' ');
  return [from.slice(0, space), from.slice(space + 1)];
}

function nextOf(rows: readonly EndRow[], limit: number): string | undefined {
  const last = rows.at(-1);
  return rows.length < limit || last === undefined ? undefined : `${last.ended} ${last.id}`;
}
