import { requireTransactionOf } from './require-transaction.ts';
import type { Sql } from './tables.ts';

/** What is used of a Knex transaction. */
export interface KnexTransaction {
  raw(sql: string, bindings: readonly unknown[]): PromiseLike<unknown>;
  /** Knex itself, which is in no transaction, has none. */
  isCompleted(): boolean;
}

/**
 * A Knex transaction as the outbox takes it: `knex.transaction(trx => outbox.enqueue(fromKnex(trx), contract, data))`.
 * Knex counts its bindings by question marks, in the order in which they stand.
 * @throws InvalidOptionsError for Knex itself
 */
export function fromKnex(trx: KnexTransaction): Sql {
  requireTransactionOf('Knex', typeof trx?.isCompleted === 'function');
  return {
    async query(text, values = []) {
      const { parts, order } = split(text);
      // A question mark that is not a binding, such as an operator, has to say so.
      const sql = parts.map(part => part.replaceAll('?', '\\?')).join('?');
      return resultOf(
        await trx.raw(
          sql,
          order.map(index => values[index]),
        ),
      );
    },
  };
}

/** What is used of a Drizzle transaction on node-postgres. */
export interface DrizzleTransaction<Query> {
  execute(query: Query): PromiseLike<unknown>;
  /** The database itself, which is in no transaction, has none. */
  rollback(): never;
}

/** Drizzle's own `sql`. */
export interface DrizzleSql<Query> {
  raw(text: string): Query;
  param(value: unknown): unknown;
  join(chunks: unknown[]): Query;
}

/**
 * A Drizzle transaction as the outbox takes it, with Drizzle's `sql`, which this package does not bring:
 * `db.transaction(tx => outbox.enqueue(fromDrizzle(tx, sql), contract, data))`.
 * @throws InvalidOptionsError for the database itself
 */
export function fromDrizzle<Query>(tx: DrizzleTransaction<Query>, sql: DrizzleSql<Query>): Sql {
  requireTransactionOf('Drizzle', typeof tx?.rollback === 'function');
  return {
    async query(text, values = []) {
      const { parts, order } = split(text);
      const chunks = parts.flatMap((part, index): unknown[] => {
        const at = order[index];
        return at === undefined ? [sql.raw(part)] : [sql.raw(part), sql.param(values[at])];
      });
      return resultOf(await tx.execute(sql.join(chunks)));
    },
  };
}

/** What is used of Prisma's client inside `$transaction(async tx => ...)`. */
export interface PrismaTransaction {
  $queryRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<unknown>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>;
  /** The client itself, which is in no transaction, has it. */
  readonly $disconnect?: never;
}

/**
 * Prisma's interactive transaction as the outbox takes it:
 * `prisma.$transaction(tx => outbox.enqueue(fromPrisma(tx), contract, data))`. "Unsafe" is Prisma's word for a text that its caller
 * vouches for: the outbox's texts are its own, and values travel beside them.
 * @throws InvalidOptionsError for the client itself
 */
export function fromPrisma(tx: PrismaTransaction): Sql {
  requireTransactionOf('Prisma', tx !== undefined && tx !== null && tx.$disconnect === undefined);
  return {
    async query(text, values = []) {
      // Prisma has one call that answers with rows and another that answers with how many were touched.
      if (/^\s*(insert|update|delete)\b/i.test(text) && !/\breturning\b/i.test(text)) {
        return { rows: [], rowCount: await tx.$executeRawUnsafe(text, ...values) };
      }
      const rows = await tx.$queryRawUnsafe(text, ...values);
      if (!Array.isArray(rows)) throw new TypeError('Expected rows from $queryRawUnsafe: is this a client of Prisma?');
      return { rows, rowCount: rows.length };
    },
  };
}

/** The text around its parameters, and which value stands at each: a parameter may stand twice. */
function split(text: string): { readonly parts: readonly string[]; readonly order: readonly number[] } {
  const parts: string[] = [];
  const order: number[] = [];
  let from = 0;
  for (const match of text.matchAll(/\$(\d+)/g)) {
    parts.push(text.slice(from, match.index));
    order.push(Number(match[1]) - 1);
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return { parts, order };
}

/** Both give what node-postgres gave them. */
function resultOf(result: unknown): { readonly rows: unknown[]; readonly rowCount: number | null } {
  if (typeof result !== 'object' || result === null || !('rows' in result) || !Array.isArray(result.rows)) {
    throw new TypeError('Expected a result of node-postgres: the outbox works on PostgreSQL through the pg driver.');
  }
  const rowCount = 'rowCount' in result && typeof result.rowCount === 'number' ? result.rowCount : null;
  return { rows: result.rows, rowCount };
}
