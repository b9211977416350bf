import express, { Router, type Request } from 'express';
import type { Pool } from 'pg';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';
import { paymentFailed, paymentReceived, reactions } from '../../../jobs/index.ts';
import type { EventOptions, EventRequest } from '../../../src/contracts/index.ts';
import { onceInTransaction, type Outbox } from '../../../src/outbox/index.ts';
import { createOrderStore, type StoredOrder } from '../../../workers/index.ts';
import { checked, Problem } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
import { writePayment } from '../store/payments.ts';
import { inTransaction } from '../store/transaction.ts';
import { id } from './fields.ts';

const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'expected three capital letters, such as EUR' });
const amount = z.int().min(0).max(100_000_000_000);
const parts = { paymentId: id, orderId: id, amount, currency };
const message = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('received'), ...parts }),
  z.strictObject({ status: z.literal('failed'), ...parts, reason: z.string().trim().min(1).max(200) }),
]);
type Message = z.output<typeof message>;

export interface PaymentParts {
  readonly pool: Pool;
  readonly outbox: Outbox;
  /** Keeps installations apart, as the outbox's. */
  readonly namespace?: string | undefined;
  /** `whsec_...`: what the provider signs with (Standard Webhooks). Without one messages are believed unsigned. */
  readonly secret?: string | undefined;
}

/**
 * `POST /payment-webhooks`, called by the payment provider, which repeats a message until it gets an answer. Recording the payment,
 * the event and the mark that this message was seen stand in one transaction: delivered twice, also at the same moment, it is recorded
 * once. What changes nothing, such as a failure that comes after the success, is answered and not told. Register it before any parser of
 * bodies: what was signed are the bytes.
 */
export function paymentRoutes({ pool, outbox, namespace, secret }: PaymentParts): Router {
  const webhook = secret === undefined ? undefined : new Webhook(secret);
  const bytes = express.raw({ limit: '64kb', type: 'application/json' });
  return Router().post('/payment-webhooks', bytes, async (request, response) => {
    const payment = checked(message, read(request, webhook));
    const { paymentId, status, orderId } = payment;
    const recorded = await inTransaction(pool, async tx => {
      const order = await createOrderStore(tx).find(orderId);
      if (order === undefined) throw new Problem(404, 'No such order is known.');
      let changed = false;
      const record = async (): Promise<void> => {
        changed = await writePayment(tx, { ...payment, id: paymentId });
        // Whoever has paid does not hear of a failure before that.
        if (changed) await outbox.publish(tx, eventOf(payment, order), { order: order.userId, reactions });
      };
      await onceInTransaction(tx, 'shop.record-payment', `${paymentId} ${status}`, record, namespace);
      return changed;
    });
    response.json({ paymentId, recorded });
  });
}

function eventOf(payment: Message, { userId }: StoredOrder): EventRequest {
  const { paymentId, orderId, status } = payment;
  const options: EventOptions = { id: `${status}-${paymentId}`, correlationId: currentCorrelationId(), userId };
  if (payment.status === 'failed')
    return paymentFailed({ paymentId, orderId, userId, reason: payment.reason }, options);
  return paymentReceived({ paymentId, orderId, userId, amount: payment.amount, currency: payment.currency }, options);
}

function read(request: Request, webhook: Webhook | undefined): unknown {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body)) throw new Problem(415, 'Expected a JSON body with content-type application/json.');
  const headers = Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(name => [name, request.get(name) ?? '']),
  );
  try {
    return webhook === undefined ? JSON.parse(body.toString('utf8')) : webhook.verify(body, headers);
  } catch (error) {
    if (error instanceof WebhookVerificationError) throw new Problem(401, 'The signature does not fit the message.');
    throw new Problem(400, 'The body is not valid JSON.');
  }
}
