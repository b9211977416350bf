import { react } from '../src/contracts/index.ts';
import { identify, track } from './analytics.ts';
import { orderConfirmation, welcomeEmail } from './email.ts';
import { orderPlaced, orderShipped, paymentFailed, paymentReceived, userRegistered, userUpdated } from './events.ts';
import { messageIdOf } from './message-id.ts';
import { inApp } from './notification.ts';

/** What follows from the events of this app. Each looks at its event alone: it may be called again for the same one. */
export const reactions = [
  react(userRegistered, 'greet-new-user', ({ payload: { userId, email, name }, timestamp }) => [
    welcomeEmail({ userId, email, name }),
    identify({ messageId: messageIdOf(`identify-${userId}`), userId, timestamp: timestamp.toISOString() }),
    track({
      messageId: messageIdOf(`signed-up-${userId}`),
      userId,
      event: 'User Signed Up',
      timestamp: timestamp.toISOString(),
    }),
    inApp({ userId, title: `Welcome, ${name}`, body: 'Your account is ready.', link: '/' }),
  ]),
  react(userUpdated, 'tell-analytics-of-update', ({ id, payload: { userId }, timestamp }) => [
    identify({ messageId: messageIdOf(id), userId, timestamp: timestamp.toISOString() }),
  ]),
  react(orderPlaced, 'confirm-order', ({ payload: { orderId, userId, email, total }, timestamp }) => [
    orderConfirmation({ orderId, email }),
    track({
      messageId: messageIdOf(`ordered-${orderId}`),
      userId,
      event: 'Order Completed',
      timestamp: timestamp.toISOString(),
      properties: { orderId, total },
    }),
  ]),
  react(orderShipped, 'tell-of-shipment', ({ payload: { orderId, userId, carrier } }) => [
    inApp({
      userId,
      title: 'Your order is on its way',
      body: carrier === undefined ? `Order ${orderId} was shipped.` : `Order ${orderId} was shipped with ${carrier}.`,
    }),
  ]),
  react(
    paymentReceived,
    'count-payment',
    ({ payload: { paymentId, orderId, userId, amount, currency }, timestamp }) => [
      track({
        messageId: messageIdOf(`paid-${paymentId}`),
        userId,
        event: 'Payment Received',
        timestamp: timestamp.toISOString(),
        properties: { orderId, amount, currency },
      }),
    ],
  ),
  react(paymentFailed, 'tell-of-failed-payment', ({ payload: { orderId, userId, reason } }) => [
    inApp({ userId, title: 'Your payment did not go through', body: `Order ${orderId}: ${reason}` }),
  ]),
] as const;
