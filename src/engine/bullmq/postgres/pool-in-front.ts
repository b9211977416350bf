import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';

/** A pool in front of another, which is asked otherwise than BullMQ would. BullMQ can pile up no listeners on the one behind. */
export abstract class PoolInFront implements PgPool {
  /** BullMQ asks whether a lost LISTEN connection would be noticed. */
  readonly options = { keepAlive: true };
  protected readonly behind: PgPool;

  constructor(behind: PgPool) {
    this.behind = behind;
  }

  abstract query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>>;

  connect(): Promise<PgPoolClient> {
    return this.behind.connect();
  }

  end(): Promise<void> {
    return this.behind.end();
  }

  /** The engine listens to the pool itself. */
  on(): this {
    return this;
  }

  removeAllListeners(): this {
    return this;
  }
}
