import { z } from 'zod';
import { defineEvent } from '../src/contracts/index.ts';
import { emailAddress, id, line, personName } from './fields.ts';

/** Prices are integers in minor units. */
const amount = z.int().min(0);

export const userRegistered = defineEvent('user.registered', {
  schema: z.strictObject({ userId: id, email: emailAddress, name: personName }),
  sensitive: ['email', 'name'],
});

export const userUpdated = defineEvent('user.updated', {
  schema: z.strictObject({ userId: id, email: emailAddress.optional(), name: personName.optional() }),
  sensitive: ['email', 'name'],
});

export const orderPlaced = defineEvent('order.placed', {
  schema: z.strictObject({ orderId: id, userId: id, email: emailAddress, total: amount }),
  sensitive: ['email'],
});

export const orderShipped = defineEvent('order.shipped', {
  schema: z.strictObject({ orderId: id, userId: id, shippedAt: z.date(), carrier: line(100).optional() }),
});

export const paymentReceived = defineEvent('payment.received', {
  schema: z.strictObject({ paymentId: id, orderId: id, userId: id, amount, currency: z.string().regex(/^[A-Z]{3}$/) }),
});

export const paymentFailed = defineEvent('payment.failed', {
  schema: z.strictObject({ paymentId: id, orderId: id, userId: id, reason: line(200) }),
});

/** Every event of this app. */
export const events = [userRegistered, userUpdated, orderPlaced, orderShipped, paymentReceived, paymentFailed] as const;
