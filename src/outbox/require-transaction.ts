import { InvalidOptionsError, kindOf } from '../errors/index.ts';

const WHY = 'What is recorded there would stay when your own rows are rolled back.';

/**
 * Refuses what is surely no transaction: a pool, which runs each statement in one of its own, and a client of node-postgres that says that it is in none.
 * Of other clients nothing is known: they are believed.
 * @throws InvalidOptionsError
 */
export async function requireTransaction(tx: unknown): Promise<void> {
  if (typeof tx !== 'object' || tx === null || !('query' in tx) || typeof tx.query !== 'function') {
    throw new InvalidOptionsError(
      `Expected the client of a transaction, with its query(), got ${kindOf(tx)}. Of Knex, Drizzle and Prisma: fromKnex(trx), fromDrizzle(tx, sql), fromPrisma(tx).`,
    );
  }
  if ('totalCount' in tx) {
    throw new InvalidOptionsError(
      `Expected the client of a transaction, got a pool. ${WHY} Take a client with pool.connect(), begin, and give that client.`,
    );
  }
  if (!isIdle(tx)) return;
  // A "begin" that nobody has awaited is on its way: what is asked behind it is answered behind it.
  await tx.query('select 1');
  if (!isIdle(tx)) return;
  throw new InvalidOptionsError(
    `Expected a client that is in a transaction, got one that is in none. ${WHY} Say client.query('begin') first.`,
  );
}

/** @throws InvalidOptionsError for a library's own client, which is in no transaction */
export function requireTransactionOf(library: 'Knex' | 'Drizzle' | 'Prisma', isOne: boolean): void {
  if (isOne) return;
  const how = {
    Knex: 'knex.transaction(trx => outbox.enqueue(fromKnex(trx), contract, data))',
    Drizzle: 'db.transaction(tx => outbox.enqueue(fromDrizzle(tx, sql), contract, data))',
    Prisma: 'prisma.$transaction(tx => outbox.enqueue(fromPrisma(tx), contract, data))',
  }[library];
  throw new InvalidOptionsError(`Expected a transaction of ${library}, got something else. ${WHY} Use ${how}.`);
}

/** As node-postgres knows it since 8.17: `I` outside of a transaction; null before it has asked anything. */
function isIdle(client: object): boolean {
  return (
    'getTransactionStatus' in client &&
    typeof client.getTransactionStatus === 'function' &&
    client.getTransactionStatus() === 'I'
  );
}
