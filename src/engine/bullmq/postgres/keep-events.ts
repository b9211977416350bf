import type { PgPool } from 'bullmq';

const KEEP = `INSERT INTO meta (queue, field, value) SELECT queue, 'opts.maxLenEvents', $2 FROM unnest($1::text[]) AS queue
  ON CONFLICT (queue, field) DO NOTHING`;

/**
 * Leans on BullMQ 6.7's table `meta`: its functions read there how many events a queue keeps. A row makes a queue known also when its last job is
 * gone (see queue-names.ts), so only those write it who add to the queue.
 */
export async function keepEvents(pool: PgPool, queues: readonly string[], most: number): Promise<void> {
  await pool.query(KEEP, [queues, String(most)]);
}
