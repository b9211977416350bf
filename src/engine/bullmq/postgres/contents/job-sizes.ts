import type { PgPool } from 'bullmq';
import type { JobKind } from '../../../contents/index.ts';
import { SIZES } from './contents-sql.ts';

/** Bytes of one job of each kind; null where there was none. */
export type SizeRow = Readonly<Record<JobKind, number | null>>;

/** How large a queue's jobs are changes seldom; measuring reads five whole jobs of each kind, which is a sixth of what a look over fifty queues costs. */
const FRESH_MS = 60_000;

/** What was measured last, for whoever looks every few seconds. */
export class JobSizes {
  #known: { readonly queues: string; readonly at: number; readonly read: Promise<readonly SizeRow[]> } | undefined;

  /** In the order of the queues; anew where `isEnough` says that something is missing in what is known. */
  async of(
    pool: PgPool,
    queues: readonly string[],
    isEnough: (rows: readonly SizeRow[]) => boolean,
  ): Promise<readonly SizeRow[]> {
    const key = queues.join('/');
    const known = this.#known;
    if (known?.queues === key && performance.now() - known.at < FRESH_MS) {
      const rows = await known.read;
      if (isEnough(rows)) return rows;
    }
    const measured = pool.query<SizeRow>(SIZES, [queues]).then(({ rows }) => rows);
    const next = { queues: key, at: performance.now(), read: measured };
    this.#known = next;
    measured.catch(() => {
      // Whoever asks after an error asks anew.
      if (this.#known === next) this.#known = undefined;
    });
    return measured;
  }
}
