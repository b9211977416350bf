import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../errors/index.ts';
import { onJobEnd, type Facts } from '../../facts/index.ts';
import { tablesOf, type Sql } from '../tables.ts';

export interface EndRecorder {
  /** Writes what is left, at most for `timeoutMs`, and listens no more. */
  close(timeoutMs?: number): Promise<void>;
}

const EVERY_MS = 100;
const AT_ONCE = 1_000;
const KEPT_AT_MOST = 100_000;

/**
 * Records that jobs have ended, by deleting their entries: what is left in the outbox has not ended, and that is what `reconcile` needs.
 * Runs in every process that ends jobs: workers, supervisors (jobs that are to blame), and where people discard them. It costs one look into an index for each job that ends (jobs that were never in the outbox included), a
 * thousand in one statement. A worker that is killed may leave the ends of its last tenth of a second unrecorded.
 */
export function recordEnds(facts: Facts, sql: Sql, namespace?: string): EndRecorder {
  const { entry } = tablesOf(namespace);
  let ended: string[] = [];
  const closing = new AbortController();
  const stop = onJobEnd(facts, ({ jobId }) => {
    if (ended.length < KEPT_AT_MOST) ended.push(jobId);
  });
  const forget = (): void => {
    closing.abort();
    stop();
    ended = [];
  };
  const flush = async (): Promise<void> => {
    while (ended.length > 0) {
      const ids = ended.slice(0, AT_ONCE);
      // Sent or not: a fast job ends before the relay has committed that it was sent.
      await sql.query(`delete from ${entry} where kind = 'job' and id = any($1::text[])`, [ids]);
      ended = ended.slice(ids.length);
    }
  };
  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await sleep(EVERY_MS, undefined, { ref: false });
      await flush().catch((error: unknown) => {
        // Away: they are kept for the next time. No outbox at all: nobody needs them.
        if (hasNoTables(error)) forget();
      });
    }
  };
  void loop();
  return {
    async close(timeoutMs = 2_000) {
      closing.abort();
      stop();
      await Promise.race([flush().catch(() => undefined), sleep(timeoutMs, undefined, { ref: false })]);
    },
  };
}

/** PostgreSQL's "undefined table" and "invalid schema name". */
function hasNoTables(error: unknown): boolean {
  return hasCode(error, '42P01', '3F000');
}
