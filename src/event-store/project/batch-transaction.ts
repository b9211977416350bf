import type { PoolClient, QueryResult } from 'pg';
import { InvalidOptionsError } from '../../errors/index.ts';
import type { ProjectionTransaction } from './projection.ts';

/** Ends or leaves the transaction, or changes for whom and where its statements run. Looked for at the beginning of each statement. */
const FORBIDDEN = /^\s*(begin|start|commit|end|rollback|abort|prepare\s+transaction|set|reset|discard|listen)\b/i;

/** Where words are no statements: quoted texts, quoted names, bodies of functions, comments. */
const QUOTED = /\$(\w*)\$[^]*?\$\1\$|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g;

/** Gone as soon as the transaction ends: a setting that is local to it. */
const MARK = 'shiftwork.batch';
export const MARK_BATCH = `set local ${MARK} = 'open'`;

/** The transaction as a handler sees it. Its client has run `MARK_BATCH`. */
export class BatchTransaction implements ProjectionTransaction {
  readonly #client: PoolClient;
  readonly #pending = new Set<Promise<unknown>>();
  #ended = false;
  #several = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  query<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<QueryResult<Row>> {
    if (this.#ended) {
      throw new InvalidOptionsError(
        'Expected a projection to write within its batch, found a statement after the batch had ended. Await what you start.',
      );
    }
    if (typeof text !== 'string') {
      throw new InvalidOptionsError(
        `Expected a projection to query with a text and values, got ${text === null ? 'null' : typeof text}: what it says could not be looked at.`,
      );
    }
    const forbidden = this.#forbiddenIn(text);
    if (forbidden !== undefined) {
      throw new InvalidOptionsError(
        `Expected a projection to leave its transaction alone, found "${forbidden.trim().slice(0, 40)}". It is committed with the checkpoint.`,
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
    if (!this.#several) return;
    // A net beneath what reading SQL with an expression can find.
    const { rows } = await this.#client.query<{ mark: string | null }>(
      `select current_setting('${MARK}', true) as mark`,
    );
    if (rows[0]?.mark !== 'open') {
      throw new InvalidOptionsError(
        'Expected a projection to leave its transaction alone, found that one of its statements had ended it.',
      );
    }
  }

  #forbiddenIn(text: string): string | undefined {
    if (FORBIDDEN.test(text)) return text;
    // Only then can a statement begin elsewhere.
    if (!/;|^\s*(--|\/\*)/.test(text)) return undefined;
    this.#several = true;
    return text
      .replace(QUOTED, ' ')
      .split(';')
      .find(statement => FORBIDDEN.test(statement));
  }
}
