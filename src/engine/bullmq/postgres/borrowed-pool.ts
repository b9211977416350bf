import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';
import { isUnreachable } from '../../../resilience/index.ts';
import type { Outage } from '../../outage/outage.ts';
import type { WriteWatch } from '../../outage/write-watch.ts';
import type { WatchedPool } from '../../postgres/pool.ts';

/**
 * The engine's pool as BullMQ sees it: BullMQ can neither end it nor pile up listeners on it, and connection errors are
 * counted as one outage.
 */
export class BorrowedPool implements PgPool {
  /** BullMQ asks whether a lost LISTEN connection would be noticed. */
  readonly options = { keepAlive: true };
  readonly #pool: PgPool;
  readonly #writes: WriteWatch;
  readonly #outage: Outage;

  constructor({ pool, writes }: Pick<WatchedPool, 'pool' | 'writes'>, outage: Outage) {
    this.#pool = pool;
    this.#writes = writes;
    this.#outage = outage;
  }

  async query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    try {
      return await this.#pool.query<Row>(text, params);
    } catch (error) {
      throw this.#seen(error);
    }
  }

  async connect(): Promise<PgPoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw this.#seen(error);
    }
  }

  async end(): Promise<void> {}

  /** The engine listens to the pool itself. */
  on(): this {
    return this;
  }

  removeAllListeners(): this {
    return this;
  }

  #seen(error: unknown): unknown {
    if (!isUnreachable(error)) return error;
    this.#outage.lost(error);
    this.#writes.note(error);
    return error;
  }
}
