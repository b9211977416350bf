/**
 * Jobs of groups that take turns which a limit or a pause keeps, a row each: all of the line of a group that is looked at again only later. Of a thousand such
 * groups; a queue without jobs that await a turn pays for one look. Each argument is SQL: of the queue, and the priorities from which on jobs await a turn
 * and were set aside.
 */
export function heldInLines(queue: string, parked: string, held: string): string {
  return `
    SELECT FROM (
      SELECT kept.queue, kept.name FROM shiftwork_group kept
       WHERE kept.queue = ${queue} AND kept.look_at > 0
         AND EXISTS (SELECT FROM job WHERE job.queue = ${queue} AND state = 'waiting' AND job.priority >= ${parked} AND job.priority < ${held})
       LIMIT 1000
    ) AS grp
    JOIN LATERAL (
      SELECT job.priority FROM shiftwork_group_line line JOIN job ON job.queue = line.queue AND job.id = line.id
       WHERE line.queue = grp.queue AND line.name = grp.name ORDER BY line.priority, line.seq LIMIT 1
    ) AS first ON first.priority >= ${parked} AND first.priority < ${held}
    JOIN shiftwork_group_line line ON line.queue = grp.queue AND line.name = grp.name`;
}
