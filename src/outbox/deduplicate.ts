import { requireMilliseconds } from './require-milliseconds.ts';
import { requireText } from './require-text.ts';
import { requireTransaction } from './require-transaction.ts';
import { tablesOf, type NoPool, type Sql } from './tables.ts';

/**
 * The other end of at-least-once: does the effect for an event the first time that a subscription sees it, and not again. The mark is
 * written in the transaction of the effect: both stay or neither does.
 *
 * Use: `await transaction(pool, tx => once(tx, 'billing', event, () => addInvoice(tx, event.payload)))`. Answers false, without calling
 * `effect`, for an event that was seen before. Two at once wait for each other.
 */
export async function once(
  tx: Sql & NoPool,
  subscription: string,
  event: { readonly id: string },
  effect: () => unknown,
  namespace?: string,
): Promise<boolean> {
  return onceInTransaction(tx, subscription, event.id, effect, namespace);
}

/**
 * As `once`, for any key: does the effect the first time that the key is seen in this scope (a handler's name), and writes the key in the
 * same transaction. Only the key's own constraint counts as "seen before": any other violation is the effect's, and is thrown. A relay
 * forgets keys after 90 days (`keepSeenForMs`).
 *
 * Use: `await transaction(pool, tx => onceInTransaction(tx, 'record-payment', paymentId, () => addPayment(tx, payment)))`.
 * @throws InvalidOptionsError for a scope or key that PostgreSQL cannot hold, or would take for another, and for a pool or a client in no transaction;
 *   what the effect throws
 */
export async function onceInTransaction(
  tx: Sql & NoPool,
  scope: string,
  key: string,
  effect: () => unknown,
  namespace?: string,
): Promise<boolean> {
  requireText(scope, 'the scope of an effect');
  requireText(key, 'the key of an effect');
  await requireTransaction(tx);
  const { deduplication } = tablesOf(namespace);
  const { rowCount } = await tx.query(
    `insert into ${deduplication} (subscription, event_id) values ($1, $2) on conflict do nothing`,
    [scope, key],
  );
  if (rowCount !== 1) return false;
  await effect();
  return true;
}

/**
 * Forgets keys that were seen longer ago than that; says how many. For apps without a relay, which does it by itself. A repeat of what
 * was forgotten is done again: keep them longer than anybody repeats (a payment provider for weeks, a replay of a stream as far as it goes).
 * @throws InvalidOptionsError
 */
export async function forgetSeen(sql: Sql, olderThanMs: number, namespace?: string): Promise<number> {
  requireMilliseconds({ olderThanMs }, 0);
  const { deduplication } = tablesOf(namespace);
  const { rowCount } = await sql.query(
    `delete from ${deduplication} where seen_at < now() - $1::float8 * interval '1 millisecond'`,
    [olderThanMs],
  );
  return rowCount ?? 0;
}
