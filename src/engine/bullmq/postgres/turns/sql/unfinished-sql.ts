import type { UnfinishedState } from '../../../../turns/index.ts';
import { joinable } from '../../joinable-reads.ts';

/** Of those that do not hold the text the place alone matters. */
const COLUMNS = `id, name, state::text AS state, added_at_ms::text AS added_at, processed_at_ms::text AS started_at,
  CASE WHEN strpos(opts::text, $5) > 0 THEN opts::text END AS opts`;

export interface UnfinishedRow {
  readonly id: string;
  readonly name: string;
  readonly added_at: string;
  readonly started_at: string | null;
  /** Null where they do not hold the text that is asked for. */
  readonly opts: string | null;
  /** Its place in the order of the walk: two texts. */
  readonly major: string;
  readonly minor: string;
}

/** $1 queue, $2 and $3 the place behind which it goes on, $4 how many, $5 a text that options hold. Each goes along BullMQ's own partial index of the state. */
export interface UnfinishedSet {
  readonly state: UnfinishedState;
  readonly sql: string;
  /** Before all places. */
  readonly first: readonly [major: string, minor: string];
}

const LOWEST = '-9223372036854775808';

function walked(sql: string): string {
  return joinable(['text', 'text', 'text', 'integer', 'text'], sql);
}

function bySeq(state: string): string {
  return walked(`
    SELECT ${COLUMNS}, seq::text AS major, '' AS minor FROM job
     WHERE queue = $1 AND state = '${state}' AND seq > $2::bigint AND $3::text IS NOT NULL
     ORDER BY seq LIMIT $4`);
}

/** In the order of a walk. A job that was set aside has a priority behind all others. */
export const UNFINISHED: readonly UnfinishedSet[] = [
  {
    state: 'delayed',
    sql: walked(`
    SELECT ${COLUMNS}, process_at_ms::text AS major, id AS minor FROM job
     WHERE queue = $1 AND state = 'delayed' AND process_at_ms >= $2::bigint AND (process_at_ms, id) > ($2::bigint, $3::text)
     ORDER BY process_at_ms, id LIMIT $4`),
    first: [LOWEST, ''],
  },
  { state: 'waiting', sql: bySeq('waiting-children'), first: [LOWEST, ''] },
  {
    state: 'waiting',
    sql: walked(`
    SELECT ${COLUMNS}, priority::text AS major, seq::text AS minor FROM job
     WHERE queue = $1 AND state = 'waiting' AND priority >= $2::integer AND (priority, seq) > ($2::integer, $3::bigint)
     ORDER BY priority, seq LIMIT $4`),
    first: ['-2147483648', LOWEST],
  },
  {
    state: 'running',
    sql: walked(`
    SELECT ${COLUMNS}, id AS major, '' AS minor FROM job
     WHERE queue = $1 AND state = 'active' AND id > $2 AND $3::text IS NOT NULL
     ORDER BY id LIMIT $4`),
    first: ['', ''],
  },
];
