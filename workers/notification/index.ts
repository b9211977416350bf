import { inApp, webhook, webPush } from '../../jobs/index.ts';
import { handle } from '../../src/contracts/index.ts';
import { notificationStore } from './notification-store.ts';
import { pushSender } from './push-sender.ts';
import { webhookSender } from './webhook-sender.ts';

const DAY_SECONDS = 86_400;

export const sendWebhook = handle(webhook, { sender: webhookSender }, ({ url, eventType, payload }, run, { sender }) =>
  sender.send({ url, eventType, payload, id: run.effectId, occurredAt: new Date(run.enqueuedAt) }, run.signal),
);

export const sendWebPush = handle(
  webPush,
  { sender: pushSender },
  ({ ttl = DAY_SECONDS, ...message }, run, { sender }) => sender.send({ ...message, ttl }, run.signal),
);

export const storeInApp = handle(inApp, { store: notificationStore }, (notification, run, { store }) =>
  store.insert({ id: run.effectId, ...notification }),
);

export const notificationHandlers = [sendWebhook, sendWebPush, storeInApp] as const;
export { createNotificationStore, NOTIFICATION_CHANNEL } from './notification-store.ts';
export { createPushSender } from './push-sender.ts';
export { createWebhookSender } from './webhook-sender.ts';
