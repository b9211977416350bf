import { Router } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { orderShipped, reactions } from '../../../jobs/index.ts';
import type { Outbox } from '../../../src/outbox/index.ts';
import { createOrderStore } from '../../../workers/index.ts';
import { bodyOf, pathIdOf, Problem } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
import { createShipmentStore } from '../store/shipments.ts';
import { inTransaction } from '../store/transaction.ts';

const body = z.strictObject({ carrier: z.string().trim().min(1).max(100).optional() });

/**
 * `POST /orders/:id/shipment`. The shipment and its event are written in one transaction; the relay brings the jobs. An order is
 * shipped once: a repeat answers with the first time and states nothing. A real shop asks who is calling.
 */
export function shipmentRoutes({ pool, outbox }: { readonly pool: Pool; readonly outbox: Outbox }): Router {
  return Router().post('/orders/:id/shipment', async (request, response) => {
    const { carrier } = bodyOf(request, body);
    const orderId = pathIdOf(request.params.id, 'order');
    const { shippedAt, jobs } = await inTransaction(pool, async tx => {
      const order = await createOrderStore(tx).find(orderId);
      if (order === undefined) throw new Problem(404, 'No such order is known.');
      const { isNew, ...shipment } = await createShipmentStore(tx).insert(orderId, carrier);
      if (!isNew) return { ...shipment, jobs: [] };
      const { userId } = order;
      const event = orderShipped(
        { orderId, userId, shippedAt: shipment.shippedAt, ...(carrier !== undefined && { carrier }) },
        { id: `shipped-${orderId}`, timestamp: shipment.shippedAt, correlationId: currentCorrelationId(), userId },
      );
      return { ...shipment, jobs: (await outbox.publish(tx, event, { order: userId, reactions })).jobs };
    });
    response.status(202).json({ orderId, shippedAt, jobIds: jobs.map(({ id }) => id) });
  });
}
