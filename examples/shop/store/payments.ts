import type { PoolClient } from 'pg';

export interface Payment {
  readonly id: string;
  readonly orderId: string;
  readonly status: 'received' | 'failed';
  /** In minor units of `currency` (ISO 4217). */
  readonly amount: number;
  readonly currency: string;
}

/** Writes how a payment ended. One that has failed may be received later; one that was received stays so. */
export async function writePayment(tx: PoolClient, { id, orderId, status, amount, currency }: Payment): Promise<void> {
  await tx.query(
    `insert into shop_payments (id, order_id, status, amount, currency) values ($1, $2, $3, $4, $5)
     on conflict (id) do update set status = excluded.status where shop_payments.status = 'failed'`,
    [id, orderId, status, amount, currency],
  );
}
