import type { PgPoolClient, PgQueryResult } from 'bullmq';
import { isUnreachable } from '../../../resilience/index.ts';
import type { Outage } from '../../outage/outage.ts';
import type { WriteWatch } from '../../outage/write-watch.ts';
import type { WatchedPool } from '../../postgres/pool.ts';
import { PoolInFront } from './pool-in-front.ts';

/**
 * The engine's pool as BullMQ sees it: BullMQ can neither end it nor pile up listeners on it, and connection errors are
 * counted as one outage.
 */
export class BorrowedPool extends PoolInFront {
  readonly #writes: WriteWatch;
  readonly #outage: Outage;

  constructor({ pool, writes }: Pick<WatchedPool, 'pool' | 'writes'>, outage: Outage) {
    super(pool);
    this.#writes = writes;
    this.#outage = outage;
  }

  async query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    try {
      return await this.behind.query<Row>(text, params);
    } catch (error) {
      throw this.#seen(error);
    }
  }

  override async connect(): Promise<PgPoolClient> {
    try {
      return await this.behind.connect();
    } catch (error) {
      throw this.#seen(error);
    }
  }

  override async end(): Promise<void> {}

  #seen(error: unknown): unknown {
    if (!isUnreachable(error)) return error;
    this.#outage.lost(error);
    this.#writes.note(error);
    return error;
  }
}
