import { tablesOf, type Sql } from './tables.ts';

/**
 * The other end of at-least-once: does the effect for an event the first time that a subscription sees it, and not again. The mark is
 * written in the transaction of the effect: both stay or neither does.
 *
 * Use: `await transaction(pool, tx => once(tx, 'billing', event, () => addInvoice(tx, event.payload)))`. Answers false, without calling
 * `effect`, for an event that was seen before. Two at once wait for each other.
 */
export async function once(
  tx: Sql,
  subscription: string,
  event: { readonly id: string },
  effect: () => unknown,
  namespace?: string,
): Promise<boolean> {
  const { inbox } = tablesOf(namespace);
  const { rowCount } = await tx.query(
    `insert into ${inbox} (subscription, event_id) values ($1, $2) on conflict do nothing`,
    [subscription, event.id],
  );
  if (rowCount !== 1) return false;
  await effect();
  return true;
}
