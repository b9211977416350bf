import type { Pool, PoolClient } from 'pg';

/** Commits what `act` has done, or, when it rejects, nothing of it. */
export async function inTransaction<Result>(pool: Pool, act: (tx: PoolClient) => Promise<Result>): Promise<Result> {
  const tx = await pool.connect();
  let failure: Error | undefined;
  try {
    await tx.query('begin');
    const result = await act(tx);
    await tx.query('commit');
    return result;
  } catch (error) {
    failure = error instanceof Error ? error : new Error('The transaction failed.');
    throw error;
  } finally {
    // A connection in an unknown state is closed, which rolls back as well.
    tx.release(failure);
  }
}
