import type { Pool, PoolClient } from 'pg';
import { defineResource } from '../../src/contracts/index.ts';
import { migrateSchema, type SchemaPart } from '../../src/migrations/index.ts';
import { database } from '../database.ts';

export interface OrderItem {
  readonly productId: string;
  readonly quantity: number;
  /** In minor units of the order's currency. */
  readonly price: number;
}

export interface Order {
  readonly id: string;
  readonly userId: string;
  readonly email: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly items: readonly OrderItem[];
  /** In minor units. */
  readonly total: number;
}

export interface StoredOrder extends Order {
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface OrderStore {
  find(id: string): Promise<StoredOrder | undefined>;
  /** Says whether it was new: the same id again changes nothing. */
  insert(order: Order): Promise<boolean>;
  migrate(): Promise<void>;
}

/** On a pool, or on the client of a transaction. */
export function createOrderStore(pool: Pick<Pool | PoolClient, 'query'>): OrderStore {
  return {
    async find(id) {
      const { rows } = await pool.query<{
        id: string;
        user_id: string;
        email: string;
        currency: string;
        items: OrderItem[];
        total: string;
        created_at: Date;
      }>('select id, user_id, email, currency, items, total, created_at from shop_orders where id = $1', [id]);
      const [row] = rows;
      if (row === undefined) return undefined;
      const { user_id: userId, total, created_at: createdAt, ...order } = row;
      return { ...order, userId, total: Number(total), createdAt: createdAt.toISOString() };
    },
    async insert({ id, userId, email, currency, items, total }) {
      const { rowCount } = await pool.query(
        `insert into shop_orders (id, user_id, email, currency, items, total)
         values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing`,
        [id, userId, email, currency, JSON.stringify(items), total],
      );
      return rowCount === 1;
    },
    async migrate() {
      await migrateSchema(pool, ORDERS);
    },
  };
}

/** The shop's orders, read when a confirmation is written. */
export const orders = defineResource<undefined, OrderStore>({
  name: 'orders',
  configure(_environment, { also }) {
    also(database);
    return undefined;
  },
  open: async (_config, { use }) => createOrderStore(await use(database)),
  migrate: store => store.migrate(),
});

/** In the first schema of the search path: the table is the app's as much as ours. */
const ORDERS: SchemaPart = {
  part: 'orders',
  migrations: [
    {
      name: 'orders',
      up: `
        create table if not exists shop_orders (
        id text primary key,
        user_id text not null,
        email text not null,
        currency text not null,
        items jsonb not null,
        total bigint not null,
        created_at timestamptz not null default now()
      )
      `,
    },
  ],
};
