import { createHash, randomUUID } from 'node:crypto';
import { Router } from 'express';
import { z } from 'zod';
import { emailAddress } from '../../../jobs/index.ts';
import type { AnalyticsProducer, EmailProducer } from '../../../producers/index.ts';
import type { OrderStore } from '../../../workers/index.ts';
import { bodyOf, Problem } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/, { error: 'expected an id' });

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
 * that a caller who got no answer asks again and gets the same order and the same jobs.
 */
export function orderRoutes({ orders, email, analytics }: OrderParts): Router {
  return Router().post('/orders', async (request, response) => {
    const { userId, email: address, items } = bodyOf(request, body);
    const total = items.reduce((sum, item) => sum + item.quantity * item.price, 0);
    const key = request.get('idempotency-key');
    const order = { id: orderId(userId, key), userId, email: address, currency: 'EUR', items, total };
    const isNew = await orders.insert(order);
    const stored = isNew ? order : await orders.find(order.id);
    if (stored === undefined || JSON.stringify(itemsOf(stored.items)) !== JSON.stringify(itemsOf(items))) {
      throw new Problem(409, 'The key was already used for another order.');
    }
    const options = { correlationId: currentCorrelationId() };
    const [confirmation, tracked] = await Promise.all([
      email.sendOrderConfirmation({ orderId: order.id, email: stored.email }, options),
      isNew
        ? analytics.track(
            {
              messageId: `ordered-${order.id}`,
              userId,
              event: 'Order Completed',
              properties: { orderId: order.id, total },
            },
            options,
          )
        : undefined,
    ]);
    const jobs = { orderConfirmation: confirmation.id, ...(tracked !== undefined && { track: tracked.id }) };
    response.status(202).json({ orderId: order.id, total, jobs, jobIds: Object.values(jobs) });
  });
}

function orderId(userId: string, key: string | undefined): string {
  if (key === undefined) return `order-${randomUUID()}`;
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new Problem(400, 'Expected Idempotency-Key to be 1 to 200 visible characters.');
  return `order-${createHash('sha256')
    .update(JSON.stringify([userId, key]))
    .digest('hex')
    .slice(0, 32)}`;
}

/** The database keeps an object's fields in its own order. */
function itemsOf(items: readonly { readonly productId: string; readonly quantity: number; readonly price: number }[]) {
  return items.map(({ productId, quantity, price }) => [productId, quantity, price]);
}
