import type { PgPool } from 'bullmq';

/** From one queue to the next by the primary key: as many steps as there are queues, however many jobs they hold. */
const NAMES = `
  WITH RECURSIVE named AS (
    (SELECT queue FROM job ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT job.queue FROM job WHERE job.queue > named.queue ORDER BY job.queue LIMIT 1) FROM named WHERE named.queue IS NOT NULL
  )
  SELECT queue FROM named WHERE queue IS NOT NULL UNION SELECT queue FROM meta ORDER BY queue`;

const HAS = 'SELECT EXISTS (SELECT FROM meta WHERE queue = $1) OR EXISTS (SELECT FROM job WHERE queue = $1) AS has';

/** Whether it is among those of `postgresQueueNames`. No text of PostgreSQL has a NUL: it has no such queue. */
export async function hasPostgresQueue(pool: PgPool, name: string): Promise<boolean> {
  if (name.includes('\0')) return false;
  const { rows } = await pool.query<{ readonly has: boolean }>(HAS, [name]);
  return rows[0]?.has === true;
}

export async function postgresQueueNames(pool: PgPool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ readonly queue: string }>(NAMES);
  return rows.map(({ queue }) => queue);
}
