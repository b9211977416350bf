import type { PoolClient } from 'pg';

export interface Payment {
  readonly id: string;
  readonly orderId: string;
  readonly status: 'received' | 'failed';
  /** In minor units of `currency` (ISO 4217). */
  readonly amount: number;
  readonly currency: string;
}

/**
 * Writes how a payment ended, and says whether that changed anything. One that has failed may be received later, with another amount;
 * one that was received stays as it is: a message of an earlier failure may come late.
 */
export async function writePayment(
  tx: PoolClient,
  { id, orderId, status, amount, currency }: Payment,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into shop_payments (id, order_id, status, amount, currency) values ($1, $2, $3, $4, $5)
     on conflict (id) do update set status = excluded.status, amount = excluded.amount, currency = excluded.currency
     where shop_payments.status = 'failed' and excluded.status = 'received'`,
    [id, orderId, status, amount, currency],
  );
  return rowCount === 1;
}
