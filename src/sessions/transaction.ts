import type { Pool, PoolClient } from 'pg';
import { hasCode } from '../errors/index.ts';
import { callWithin } from '../resilience/index.ts';
import { borrow } from './borrow.ts';

export interface TransactionBounds {
  /** All of it, on both sides: here it is given up, at the server its statements end. */
  readonly limitMs: number;
  /** The server ends it when it stands still for so long between two statements. */
  readonly idleMs: number;
}

/** For what takes the server no time: begin, commit, rollback. */
const ANSWER_MS = 5_000;

/**
 * Commits what `act` has done, or, when it rejects, nothing of it. Always read committed. Settles within its bounds also where the
 * connection has gone silent; that one is not used again, and where the host vanishes the server lets go of what it had locked.
 * @throws CallTimeoutError; what `act` rejects with; what the connection ended with
 */
export function inTransaction<Result>(
  pool: Pool,
  { limitMs, idleMs }: TransactionBounds,
  act: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  let clean = true;
  return borrow(
    pool,
    () => !clean,
    async (client, lost) => {
      const answered = (statement: string): Promise<unknown> =>
        callWithin({ what: 'a statement', limitMs: Math.min(ANSWER_MS, limitMs) }, () =>
          Promise.race([client.query(statement), lost]),
        );
      clean = false;
      await answered(
        'begin isolation level read committed; ' +
          `set local idle_in_transaction_session_timeout = ${Math.round(idleMs)}; ` +
          `set local statement_timeout = ${Math.round(limitMs)}`,
      );
      let result: Result;
      try {
        // What waits for something else than the database would not hear that its transaction has ended.
        const limit = { what: 'a transaction', limitMs };
        result = await callWithin(limit, () => Promise.race([act(client), lost]));
      } catch (error) {
        // One that was given up may still be under way: nothing more is said on it.
        if (!hasCode(error, 'CALL_TIMEOUT')) clean = await answered('rollback').then(() => true, refused);
        throw error;
      }
      await answered('commit');
      clean = true;
      return result;
    },
  );
}

function refused(): boolean {
  return false;
}
