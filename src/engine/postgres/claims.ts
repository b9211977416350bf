import type { PgPool } from 'bullmq';
import type { Claim } from '../engine.ts';

interface ClaimRow {
  readonly id: string;
  readonly worker: string | null;
  readonly token: string;
}

const HELD = `
  SELECT id, processed_by AS worker, lock_token AS token
    FROM job
   WHERE queue = $1 AND state = 'active' AND lock_token IS NOT NULL`;

/** Reads who holds which job. */
export async function postgresClaims(pool: PgPool, queue: string): Promise<Claim[]> {
  const { rows } = await pool.query<ClaimRow>(HELD, [queue]);
  return rows.map(({ id, worker, token }) => ({ jobId: id, token, worker: worker ?? undefined }));
}
