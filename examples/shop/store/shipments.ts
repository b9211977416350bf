import type { PoolClient } from 'pg';

export interface Shipment {
  readonly shippedAt: Date;
}

export interface ShipmentStore {
  /** Says whether it was new: an order is shipped once, and the first time stands. */
  insert(orderId: string, carrier: string | undefined): Promise<Shipment & { readonly isNew: boolean }>;
}

/** Inside a transaction. */
export function createShipmentStore(tx: PoolClient): ShipmentStore {
  return {
    async insert(orderId, carrier) {
      const { rows } = await tx.query<{ shipped_at: Date; is_new: boolean }>(
        `with added as (
           insert into shop_shipments (order_id, carrier) values ($1, $2) on conflict do nothing returning shipped_at
         )
         select shipped_at, true as is_new from added
         union all select shipped_at, false from shop_shipments where order_id = $1`,
        [orderId, carrier ?? null],
      );
      const [row] = rows;
      // Another request is at it and has not committed: the caller asks again.
      if (row === undefined) throw new Error('The shipment is being recorded by somebody else.');
      return { shippedAt: row.shipped_at, isNew: row.is_new };
    },
  };
}
