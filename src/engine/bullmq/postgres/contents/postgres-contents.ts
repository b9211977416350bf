import type { PgPool } from 'bullmq';
import {
  headOf,
  KINDS,
  type EngineSpace,
  type JobKind,
  type QueueContents,
  type QueueHead,
  type QueueSpace,
} from '../../../contents/index.ts';
import { HELD_PRIORITY, PARKED_PRIORITY, pausedGroup } from '../../../turns/index.ts';
import { CONTENTS, ESTIMATES } from './contents-sql.ts';
import type { JobSizes } from './job-sizes.ts';

/** Counting so many takes some ten milliseconds; a million took half a second. */
const COUNTED = 100_000;

type Counts = Record<JobKind | 'held', number>;

interface HeadRow {
  readonly is_delayed: boolean;
  readonly is_kept: boolean;
  readonly priority: number;
  readonly timestamp: string;
  readonly delay: string;
  readonly opts_delay: unknown;
  readonly processed_on: string | null;
  readonly progress: unknown;
}

interface ContentsRow extends Counts {
  readonly paused: boolean;
  readonly children: number;
  readonly in_lines: number;
  readonly groups: readonly { readonly name: string; readonly until: string; readonly probes: boolean }[] | null;
  readonly heads: readonly HeadRow[] | null;
}

/** One statement for all queues, and one more for each kind of job of which there are more than are counted. */
export async function postgresContents(
  pool: PgPool,
  queues: readonly string[],
  priorities: readonly number[],
  counted = COUNTED,
): Promise<readonly QueueContents[]> {
  const wanted = [
    0,
    ...[0, PARKED_PRIORITY, HELD_PRIORITY].flatMap(band => priorities.map(priority => band + priority)),
  ];
  const { rows } = await pool.query<ContentsRow>(CONTENTS, [queues, wanted, HELD_PRIORITY, counted, PARKED_PRIORITY]);
  return Promise.all(
    rows.map(async (row, at): Promise<QueueContents> => {
      const name = queues[at] ?? '';
      const { waiting, held, running, delayed, children, succeeded, dead } = row;
      const read = { waiting, held, running, delayed: delayed + children, succeeded, dead };
      const counts = await estimated(pool, name, read, counted);
      return {
        name,
        paused: row.paused,
        groups: (row.groups ?? []).map(group => pausedGroup(group.name, Number(group.until), group.probes)),
        counts: { ...counts, held: counts.held + row.in_lines },
        isEstimate: counts !== read,
        heads: (row.heads ?? []).flatMap(headIn),
      };
    }),
  );
}

/** The bytes of rows as they are stored, without their indexes; `counted`: what the queues hold, `jobs`: how large each is. */
export async function postgresSpace(
  pool: PgPool,
  queues: readonly string[],
  counted: Promise<readonly QueueContents[]>,
  jobs: JobSizes,
): Promise<EngineSpace> {
  const [size, contents] = await Promise.all([
    pool.query<{ readonly bytes: string }>('SELECT pg_database_size(current_database())::text AS bytes'),
    counted,
  ]);
  const sizes = await jobs.of(pool, queues, rows =>
    contents.every(({ counts }, at) => KINDS.every(kind => counts[kind] === 0 || typeof rows[at]?.[kind] === 'number')),
  );
  return {
    usedBytes: Number(size.rows[0]?.bytes ?? 0),
    limit: undefined,
    queues: contents.map(({ name, counts }, at): QueueSpace => {
      const of = (kind: JobKind): number => Math.round((sizes[at]?.[kind] ?? 0) * counts[kind]);
      return {
        name,
        bytes: {
          waiting: of('waiting'),
          running: of('running'),
          delayed: of('delayed'),
          succeeded: of('succeeded'),
          dead: of('dead'),
          // They stand in one table for all queues, and are removed after some time.
          events: 0,
        },
      };
    }),
  };
}

/** The same object where nothing had to be reckoned. */
async function estimated(pool: PgPool, queue: string, counts: Counts, counted: number): Promise<Counts> {
  const many = Object.entries(counts).filter(([, count]) => count >= counted);
  if (many.length === 0) return counts;
  const reckoned = await Promise.all(
    many.map(async ([kind, count]) => {
      const { rows } = await pool.query(ESTIMATES[kind as keyof Counts], [queue]);
      return [kind, Math.max(count, plannedRows(rows[0]))] as const;
    }),
  );
  return { ...counts, ...Object.fromEntries(reckoned) };
}

/** `{"QUERY PLAN": [{"Plan": {"Plan Rows": N}}]}` */
function plannedRows(row: unknown): number {
  const found = /"Plan Rows":\s*(\d+)/.exec(JSON.stringify(row ?? {}))?.[1];
  return Number(found ?? 0);
}

function headIn(row: HeadRow): readonly QueueHead[] {
  return headOf({
    isDelayed: row.is_delayed,
    isHeld: row.is_kept || row.priority >= HELD_PRIORITY,
    timestamp: row.timestamp,
    delay: row.delay,
    optsDelay: typeof row.opts_delay === 'number' ? row.opts_delay : undefined,
    processedOn: row.processed_on,
    progress: row.progress ?? 0,
  });
}
