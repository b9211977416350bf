import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { emailAddress, orderPlaced, reactions } from '../../../jobs/index.ts';
import type { EventRequest } from '../../../src/contracts/index.ts';
import { reactNow } from '../../../src/events/index.ts';
import type { Outbox } from '../../../src/outbox/index.ts';
import type { Client } from '../../../src/queue/index.ts';
import { createOrderStore, type OrderItem, type StoredOrder } from '../../../workers/index.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import { bodyOf, Problem } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
import type { Digests } from '../store/digests.ts';
import { inTransaction } from '../store/transaction.ts';
import { id } from './fields.ts';

const body = z.strictObject({
  userId: id,
  email: emailAddress,
  items: z
    .array(
      z.strictObject({ productId: id, quantity: z.int().min(1).max(1_000), price: z.int().min(0).max(100_000_000) }),
    )
    .min(1)
    .max(100),
});

export interface OrderParts {
  readonly pool: Pool;
  readonly outbox: Outbox;
  readonly client: Client;
  readonly digests: Digests;
}

/**
 * `POST /orders`. The order, the event that it was placed and the jobs that follow are written in one transaction; the jobs carry the
 * order's id. With an `Idempotency-Key` the order's id is made from it, so that a caller who got no answer asks again and gets the same
 * order and the same jobs.
 */
export function orderRoutes({ pool, outbox, client, digests }: OrderParts): Router {
  return Router().post('/orders', async (request, response) => {
    const { userId, email, items } = bodyOf(request, body);
    const total = items.reduce((sum, item) => sum + item.quantity * item.price, 0);
    const orderId = `order-${(await idempotencyKeyOf(request, userId, digests)) ?? randomUUID()}`;
    const correlationId = currentCorrelationId();
    const stored = await inTransaction(pool, async tx => {
      const orders = createOrderStore(tx);
      const isNew = await orders.insert({ id: orderId, userId, email, currency: 'EUR', items, total });
      const order = await orders.find(orderId);
      if (order === undefined) throw new Error('The order that was just stored is not there.');
      if (isNew) await outbox.publish(tx, placed(order, correlationId), { order: userId, reactions });
      return order;
    });
    if (stored.email !== email || JSON.stringify(itemsOf(stored.items)) !== JSON.stringify(itemsOf(items))) {
      throw new Problem(409, 'The key was already used for another order.');
    }
    // At once, so that the answer is about jobs that are queued; the relay brings them otherwise, with the same ids.
    const receipts = await reactNow(client, placed(stored, correlationId), reactions);
    const jobIds = receipts.map(({ id: jobId }) => jobId);
    await outbox.markSent(pool, jobIds).catch(() => undefined);
    const [orderConfirmation, track] = jobIds;
    response.status(202).json({ orderId, total, jobs: { orderConfirmation, track }, jobIds });
  });
}

/** The same event for the same order, however often it is stated. */
function placed({ id: orderId, userId, email, total, createdAt }: StoredOrder, correlationId: string): EventRequest {
  return orderPlaced(
    { orderId, userId, email, total },
    { id: `placed-${orderId}`, timestamp: new Date(createdAt), correlationId, userId },
  );
}

/** The database keeps an object's fields in its own order. */
function itemsOf(items: readonly OrderItem[]) {
  return items.map(({ productId, quantity, price }) => [productId, quantity, price]);
}
