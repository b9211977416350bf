import type { PoolClient, QueryResult } from 'pg';
import { InvalidOptionsError } from '../errors/index.ts';
import type { ProjectionTransaction } from './projection.ts';

/** Ends or leaves the transaction, or changes for whom and where its statements run. */
const FORBIDDEN = /^\s*(begin|start|commit|end|rollback|abort|prepare\s+transaction|set|reset|discard|listen)\b/i;

/** The transaction as a handler sees it. */
export class BatchTransaction implements ProjectionTransaction {
  readonly #client: PoolClient;
  readonly #pending = new Set<Promise<unknown>>();
  #ended = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  query<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<QueryResult<Row>> {
    if (this.#ended) {
      throw new InvalidOptionsError(
        'Expected a projection to write within its batch, found a statement after the batch had ended. Await what you start.',
      );
    }
    if (FORBIDDEN.test(text)) {
      throw new InvalidOptionsError(
        `Expected a projection to leave its transaction alone, found "${text.trim().slice(0, 40)}". It is committed with the checkpoint.`,
      );
    }
    const result = this.#client.query<Row>(text, values);
    this.#pending.add(result);
    result.then(
      () => this.#pending.delete(result),
      // Kept until `end`: what nobody awaited must fail the batch too.
      () => undefined,
    );
    return result;
  }

  /** Waits for what was not awaited; rejects with the first of it that failed. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#pending);
  }
}
