import type { Client } from 'pg';
import { QUEUE } from '../step.ts';

/**
 * Everything that BullMQ's tables hold, in an order; the times of events aside. Of a job's `seq` only its place counts. A key whose time is over is
 * free, whether it is still there or was swept.
 */
const DUMP = `
  SELECT json_build_object(
    'job', (SELECT json_agg(row ORDER BY row ->> 'queue', row ->> 'id') FROM (
      SELECT to_jsonb(job) - 'seq' || jsonb_build_object('place', rank() OVER (PARTITION BY queue ORDER BY seq)) AS row FROM job) AS rows),
    'log', (SELECT json_agg(job_log ORDER BY queue, job_id, idx) FROM job_log),
    'dependency', (SELECT json_agg(job_dependency ORDER BY parent_queue, parent_id, child_key) FROM job_dependency),
    'event', (SELECT json_agg(json_build_array(id, event, data) ORDER BY id) FROM event WHERE queue = $1),
    'meta', (SELECT json_agg(meta ORDER BY field) FROM meta),
    'metrics', (SELECT json_agg(metrics ORDER BY kind) FROM metrics),
    'limiter', (SELECT json_agg(rate_limit) FROM rate_limit),
    'dedup', (SELECT json_agg(dedup ORDER BY dedup_id) FROM dedup WHERE expire_at_ms IS NULL OR expire_at_ms >= $2),
    'next', (SELECT json_agg(dedup_next ORDER BY dedup_id) FROM dedup_next)
  )::text AS dump`;

type Rows = readonly unknown[];
export type Dump = Readonly<Record<string, Rows | null>>;

export async function dump(client: Client, now: number): Promise<Dump> {
  const { rows } = await client.query<{ dump: string }>(DUMP, [QUEUE, now]);
  const found = JSON.parse(rows[0]?.dump ?? '{}') as Record<string, Rows | null>;
  return { ...found, event: inOrder((found['event'] ?? []) as readonly Event[]) };
}

type Event = readonly [id: number, event: string, data: Readonly<Record<string, unknown>>];

/** Jobs that are due at one time are promoted in the order in which the server finds them: that is told by nobody. */
function inOrder(events: readonly Event[]): readonly Event[] {
  const ordered: Event[] = [];
  let run: Event[] = [];
  const endRun = (): void => {
    const ids = run.map(([id]) => id);
    const sorted = run.toSorted((a, b) => (String(a[2]['jobId']) < String(b[2]['jobId']) ? -1 : 1));
    // Of a run at the beginning the oldest may have been trimmed away: which of them is told by nobody either.
    const isCut = ordered.length === 0;
    for (const [nth, [, event, data]] of sorted.entries()) ordered.push([ids[nth] ?? 0, event, isCut ? {} : data]);
    run = [];
  };
  for (const each of events) {
    if (each[1] === 'waiting' && each[2]['prev'] === 'delayed') run.push(each);
    else {
      endRun();
      ordered.push(each);
    }
  }
  endRun();
  return ordered;
}

/** The first row that differs, or undefined. */
export function dumpsDiffer(stock: Dump, ours: Dump): string | undefined {
  for (const table of Object.keys(stock)) {
    const [one, other] = [stock[table] ?? [], ours[table] ?? []];
    for (let nth = 0; nth < Math.max(one.length, other.length); nth += 1) {
      const [a, b] = [JSON.stringify(one[nth]), JSON.stringify(other[nth])];
      if (a !== b) return `${table} ${nth}: stock has ${a}, ours has ${b}`;
    }
  }
  return undefined;
}
