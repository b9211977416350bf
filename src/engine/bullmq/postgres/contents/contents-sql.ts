import { heldInLines } from '../turns/sql/held-in-lines.ts';

/**
 * $1 queues, $2 priorities whose heads are wanted, $3 from which priority on jobs were set aside, $4 up to where is counted, $5 from which priority on
 * jobs await the turn of their group. One row a queue; each count and each head goes along BullMQ's own partial index of the state.
 *
 * Of those that await a turn the first may be one that a limit or a pause keeps: beside it comes the first of a group whose turn may come.
 */
export const CONTENTS = `
  SELECT EXISTS (SELECT FROM meta WHERE meta.queue = asked.queue AND field = 'paused') AS paused,
    ${count("state = 'waiting'")} AS waiting,
    ${count("state = 'waiting' AND priority >= $3")} AS held,
    (SELECT count(*)::integer FROM (${heldInLines('asked.queue', '$5', '$3')} LIMIT $4) AS kept) AS in_lines,
    ${count("state = 'active'")} AS running,
    ${count("state = 'delayed'")} AS delayed,
    ${count("state = 'waiting-children'")} AS children,
    ${count("state = 'completed'")} AS succeeded,
    ${count("state = 'failed'")} AS dead,
    (SELECT json_agg(paused_group) FROM (
      SELECT name, until::text, probes FROM shiftwork_group_pause WHERE shiftwork_group_pause.queue = asked.queue ORDER BY name
    ) AS paused_group) AS groups,
    (SELECT json_agg(head) FROM (
      SELECT false AS is_delayed, first.* FROM unnest($2::integer[]) AS wanted (priority) CROSS JOIN LATERAL (
        SELECT ${headColumns()}, wanted.priority >= $5 AND wanted.priority < $3 AND EXISTS (
            SELECT FROM shiftwork_group_line line JOIN shiftwork_group grp ON grp.queue = line.queue AND grp.name = line.name
             WHERE line.queue = job.queue AND line.id = job.id AND grp.look_at > 0) AS is_kept
          FROM job WHERE job.queue = asked.queue AND state = 'waiting' AND job.priority = wanted.priority ORDER BY seq LIMIT 1
      ) AS first
      UNION ALL
      SELECT false, next.* FROM unnest($2::integer[]) AS wanted (priority) CROSS JOIN LATERAL (
        SELECT ${headColumns()}, false FROM (
          SELECT name FROM shiftwork_group grp
           WHERE grp.queue = asked.queue AND grp.look_at = 0 AND grp.priority = wanted.priority - $5 LIMIT 1
        ) AS ready CROSS JOIN LATERAL (
          SELECT id FROM shiftwork_group_line line
           WHERE line.queue = asked.queue AND line.name = ready.name ORDER BY line.priority, line.seq LIMIT 1
        ) AS line JOIN job ON job.queue = asked.queue AND job.id = line.id AND job.state = 'waiting' AND job.priority < $3
      ) AS next
       WHERE wanted.priority >= $5 AND wanted.priority < $3
         AND EXISTS (SELECT FROM job WHERE job.queue = asked.queue AND state = 'waiting' AND job.priority = wanted.priority)
      UNION ALL
      (SELECT true, ${headColumns()}, false FROM job WHERE job.queue = asked.queue AND state = 'delayed' ORDER BY process_at_ms LIMIT 1)
    ) AS head) AS heads
  FROM unnest($1::text[]) WITH ORDINALITY AS asked (queue, nth) ORDER BY nth`;

function count(where: string): string {
  return `(SELECT count(*)::integer FROM (SELECT FROM job WHERE job.queue = asked.queue AND ${where} LIMIT $4) AS counted)`;
}

function headColumns(): string {
  return `job.priority, added_at_ms::text AS timestamp, delay_ms::text AS delay, opts->'delay' AS opts_delay, processed_at_ms::text AS processed_on, progress`;
}

/** What the planner expects, which costs nothing. $1 queue. */
export const ESTIMATES = {
  waiting: estimate("state = 'waiting'"),
  held: estimate("state = 'waiting' AND priority >= 4194304"),
  running: estimate("state = 'active'"),
  delayed: estimate("state = 'delayed'"),
  succeeded: estimate("state = 'completed'"),
  dead: estimate("state = 'failed'"),
} as const;

function estimate(where: string): string {
  return `EXPLAIN (FORMAT JSON) SELECT FROM job WHERE queue = $1 AND ${where}`;
}

const SAMPLED = 5;

/** $1 queues. Bytes of one job of each kind, on average of a few; a kind of which there is none has none. */
export const SIZES = `
  SELECT ${size("state = 'waiting'")} AS waiting,
    ${size("state = 'active'")} AS running,
    ${size("state = 'delayed'")} AS delayed,
    ${size("state = 'completed'")} AS succeeded,
    ${size("state = 'failed'")} AS dead
  FROM unnest($1::text[]) WITH ORDINALITY AS asked (queue, nth) ORDER BY nth`;

function size(where: string): string {
  return `(SELECT avg(pg_column_size(sampled.*))::float8 FROM (SELECT * FROM job WHERE job.queue = asked.queue AND ${where} LIMIT ${SAMPLED}) AS sampled)`;
}
