import { hasCode } from '../../../errors/index.ts';
import type { PgPool } from 'bullmq';
import type { Claim } from '../../engine.ts';

interface ClaimRow {
  readonly id: string;
  readonly name: string;
  readonly worker: string | null;
  readonly token: string;
  readonly leftMs: number;
}

/** Locks end by the server's time: so does what is left of them, whatever this machine's clock says. */
const HELD = `
  SELECT id, name, processed_by AS worker, lock_token AS token,
         greatest(0, locked_until_ms - extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "leftMs"
    FROM job
   WHERE queue = $1 AND state = 'active' AND lock_token IS NOT NULL ORDER BY seq`;

const HAND_BACK = 'SELECT * FROM shiftwork_hand_back($1, $2::text[], $3::text[]) AS id';

/** Reads who holds which job. */
export async function postgresClaims(pool: PgPool, queue: string): Promise<Claim[]> {
  const { rows } = await pool.query<ClaimRow>(HELD, [queue]);
  return rows.map(({ id, name, worker, token, leftMs }) => ({
    jobId: id,
    jobName: name,
    token,
    worker: worker ?? undefined,
    lockLeftMs: leftMs,
  }));
}

/** All in one transaction: each commit waits for the disk. */
export async function postgresHandBack(
  pool: PgPool,
  queue: string,
  claims: readonly Pick<Claim, 'jobId' | 'token'>[],
): Promise<string[]> {
  const ids = claims.map(({ jobId }) => jobId);
  const tokens = claims.map(({ token }) => token);
  for (let tries = 1; ; tries += 1) {
    try {
      const { rows } = await pool.query<{ readonly id: string }>(HAND_BACK, [queue, ids, tokens]);
      return rows.map(({ id }) => id);
    } catch (cause) {
      // Several rows are locked, and BullMQ's stall check locks the same ones in an order of its own: one of the two is cancelled.
      if (tries === 3 || !isDeadlock(cause)) throw cause;
    }
  }
}

function isDeadlock(cause: unknown): boolean {
  return hasCode(cause, '40P01');
}
