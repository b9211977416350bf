import { setImmediate } from 'node:timers';
import type { PgQueryResult } from 'bullmq';
import { isUnreachable } from '../../../resilience/index.ts';
import { joinableRead, joinedText, type JoinableRead } from './joinable-reads.ts';
import { PoolInFront } from './pool-in-front.ts';

interface Asked {
  readonly params: readonly unknown[];
  readonly answers: PromiseWithResolvers<PgQueryResult<unknown>>[];
}

interface Gathered {
  readonly read: JoinableRead;
  /** The same question that several ask is one. */
  readonly asked: Map<string, Asked>;
}

/** So many questions make one statement at most. */
const MOST = 500;

/**
 * A pool on which the same question about many jobs or queues is one statement, where it is asked in one turn of the loop: a page that shows fifty jobs
 * asks for each of them by itself, and a statement costs PostgreSQL far more than a row. Everything else goes to the pool as it is.
 */
export class JoinedReads extends PoolInFront {
  #gathered = new Map<string, Gathered>();

  query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    const read = joinableRead(text);
    if (read === undefined || (params?.length ?? 0) !== read.types.length) return this.behind.query<Row>(text, params);
    if (this.#gathered.size === 0) setImmediate(() => this.#flush());
    const gathered = this.#gathered.get(text) ?? { read, asked: new Map<string, Asked>() };
    this.#gathered.set(text, gathered);
    const key = JSON.stringify(params ?? []);
    const asked = gathered.asked.get(key) ?? { params: params ?? [], answers: [] };
    gathered.asked.set(key, asked);
    const answer = Promise.withResolvers<PgQueryResult<unknown>>();
    asked.answers.push(answer);
    // The rows are of whoever asks: the pool gives them no type either.
    return answer.promise as Promise<PgQueryResult<Row>>;
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = new Map();
    for (const { read, asked } of gathered.values()) {
      const all = [...asked.values()];
      for (let from = 0; from < all.length; from += MOST) void this.#ask(read, all.slice(from, from + MOST));
    }
  }

  async #ask(read: JoinableRead, asked: readonly Asked[]): Promise<void> {
    const [only] = asked;
    if (asked.length === 1 && only !== undefined) return this.#alone(read, only);
    const columns = read.types.map((type, at) =>
      asked.map(({ params }) => (type === 'text[]' ? JSON.stringify(params[at]) : params[at])),
    );
    try {
      const { rows } = await this.behind.query<Readonly<Record<string, unknown>>>(joinedText(read), columns);
      const found = asked.map((): unknown[] => []);
      for (const { shiftwork_nth: nth, ...row } of rows) found[Number(nth) - 1]?.push(row);
      for (const [at, one] of asked.entries()) answer(one, found[at] ?? []);
    } catch (error) {
      if (isUnreachable(error)) for (const { answers } of asked) for (const each of answers) each.reject(error);
      // One that the server refuses spoils no other's answer.
      else await Promise.all(asked.map(one => this.#alone(read, one)));
    }
  }

  async #alone({ alone }: JoinableRead, { params, answers }: Asked): Promise<void> {
    try {
      answer({ params, answers }, (await this.behind.query(alone, params)).rows);
    } catch (error) {
      for (const each of answers) each.reject(error);
    }
  }
}

/** Each who asks has rows of its own. */
function answer({ answers }: Asked, rows: readonly unknown[]): void {
  for (const [at, each] of answers.entries()) {
    const own = at === 0 ? [...rows] : rows.map(row => ({ ...Object(row) }));
    each.resolve({ rows: own, rowCount: own.length });
  }
}
