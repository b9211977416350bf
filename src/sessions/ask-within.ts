import type { Pool, QueryResult } from 'pg';
import { callWithin } from '../resilience/index.ts';
import { borrow } from './borrow.ts';

/**
 * One statement with a limit, for whoever asks a pool again and again: where no answer comes, the connection is given up and not lent to
 * the next one. @throws CallTimeoutError
 */
export function askWithin(
  pool: Pool,
  limitMs: number,
  text: string,
  values: readonly unknown[] = [],
): Promise<QueryResult> {
  return borrow(
    pool,
    () => true,
    (client, lost) =>
      callWithin({ what: 'a statement', limitMs }, () => Promise.race([client.query(text, [...values]), lost])),
  );
}
