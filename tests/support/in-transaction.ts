import type { Pool, PoolClient } from 'pg';

/** As an app does it: commits what `act` has written, or nothing of it. */
export async function inTransaction<Result>(pool: Pool, act: (tx: PoolClient) => Promise<Result>): Promise<Result> {
  const tx = await pool.connect();
  try {
    await tx.query('begin');
    const result = await act(tx);
    await tx.query('commit');
    return result;
  } catch (error) {
    await tx.query('rollback');
    throw error;
  } finally {
    tx.release();
  }
}
