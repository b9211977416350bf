import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { z } from 'zod';
import { emailAddress } from '../../../jobs/index.ts';
import type { AnalyticsProducer, EmailProducer } from '../../../producers/index.ts';
import type { OrderItem, OrderStore } from '../../../workers/index.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import { bodyOf, Problem } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
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
  readonly orders: OrderStore;
  readonly email: EmailProducer;
  readonly analytics: AnalyticsProducer;
}

/**
 * `POST /orders`. The order is stored first; the job carries its id. With an `Idempotency-Key` the order's id is made from it, so
 * that a caller who got no answer asks again and gets the same order and the same jobs, also those that were missed.
 */
export function orderRoutes({ orders, email, analytics }: OrderParts): Router {
  return Router().post('/orders', async (request, response) => {
    const { userId, email: address, items } = bodyOf(request, body);
    const total = items.reduce((sum, item) => sum + item.quantity * item.price, 0);
    const orderId = `order-${idempotencyKeyOf(request, userId) ?? randomUUID()}`;
    await orders.insert({ id: orderId, userId, email: address, currency: 'EUR', items, total });
    const stored = await orders.find(orderId);
    if (stored === undefined) throw new Error('The order that was just stored is not there.');
    if (stored.email !== address || JSON.stringify(itemsOf(stored.items)) !== JSON.stringify(itemsOf(items))) {
      throw new Problem(409, 'The key was already used for another order.');
    }
    const options = { correlationId: currentCorrelationId() };
    const [confirmation, tracked] = await Promise.all([
      email.sendOrderConfirmation({ orderId, email: address }, options),
      analytics.track(
        {
          messageId: `ordered-${orderId}`,
          userId,
          event: 'Order Completed',
          timestamp: stored.createdAt,
          properties: { orderId, total },
        },
        options,
      ),
    ]);
    const jobs = { orderConfirmation: confirmation.id, track: tracked.id };
    response.status(202).json({ orderId, total, jobs, jobIds: Object.values(jobs) });
  });
}

/** The database keeps an object's fields in its own order. */
function itemsOf(items: readonly OrderItem[]) {
  return items.map(({ productId, quantity, price }) => [productId, quantity, price]);
}
