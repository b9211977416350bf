import type { PgPool } from 'bullmq';

/** From one queue to the next by the primary key: as many steps as there are queues, however many jobs they hold. */
const NAMES = `
  WITH RECURSIVE named AS (
    (SELECT queue FROM job ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT job.queue FROM job WHERE job.queue > named.queue ORDER BY job.queue LIMIT 1) FROM named WHERE named.queue IS NOT NULL
  )
  SELECT queue FROM named WHERE queue IS NOT NULL UNION SELECT queue FROM meta ORDER BY queue`;

export async function postgresQueueNames(pool: PgPool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ readonly queue: string }>(NAMES);
  return rows.map(({ queue }) => queue);
}
