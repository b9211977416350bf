import { isPgPool, type PgPool, type PgPoolClient, type PgQueryResult } from 'bullmq';
import type { Pool } from 'pg';

export class LostAnswer extends Error {}

/** A pool that loses the answer of every turn, once. */
export class LossyPool implements PgPool {
  readonly #pool: PgPool;
  readonly #loses: () => boolean;
  readonly #lost = new Set<unknown>();

  constructor(pool: Pool, loses: () => boolean) {
    const own: unknown = pool;
    if (!isPgPool(own)) throw new Error('Expected a pool.');
    this.#pool = own;
    this.#loses = loses;
  }

  async query<Row>(text: string, params: readonly unknown[] = []): Promise<PgQueryResult<Row>> {
    const result = await this.#pool.query<Row>(text, params);
    // The turn's id, before whether it comes again.
    const id = params.at(-2);
    if (!text.includes('shiftwork_turn(') || !this.#loses() || this.#lost.has(id)) return result;
    this.#lost.add(id);
    throw new LostAnswer();
  }

  connect(): Promise<PgPoolClient> {
    return this.#pool.connect();
  }

  async end(): Promise<void> {}

  on(): this {
    return this;
  }

  removeAllListeners(): this {
    return this;
  }
}
