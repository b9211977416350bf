import { inApp, webhook, webPush } from '../jobs/index.ts';
import type { EnqueueOptions, InputOf } from '../src/contracts/index.ts';
import type { Enqueuer, JobReceipt } from '../src/queue/index.ts';
import type { BatchOptions } from './batch-options.ts';

export type WebhookNotification = InputOf<typeof webhook>;
export type WebPushNotification = InputOf<typeof webPush>;
export type InAppNotification = InputOf<typeof inApp>;

/** Notification jobs for a web app, one method for each way to a person or a system. */
export interface NotificationProducer {
  notifyWebhook(notification: WebhookNotification, options?: EnqueueOptions): Promise<JobReceipt>;
  notifyWebhooks(notifications: readonly WebhookNotification[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
  notifyWebPush(notification: WebPushNotification, options?: EnqueueOptions): Promise<JobReceipt>;
  notifyWebPushes(
    notifications: readonly WebPushNotification[],
    options?: BatchOptions,
  ): Promise<readonly JobReceipt[]>;
  notifyInApp(notification: InAppNotification, options?: EnqueueOptions): Promise<JobReceipt>;
  notifyInApps(notifications: readonly InAppNotification[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
}

export function createNotificationProducer(client: Enqueuer): NotificationProducer {
  return {
    notifyWebhook: (notification, options) => client.enqueue(webhook, notification, options),
    notifyWebhooks: (notifications, options) => client.enqueueMany(notifications.map(each => webhook(each, options))),
    notifyWebPush: (notification, options) => client.enqueue(webPush, notification, options),
    notifyWebPushes: (notifications, options) => client.enqueueMany(notifications.map(each => webPush(each, options))),
    notifyInApp: (notification, options) => client.enqueue(inApp, notification, options),
    notifyInApps: (notifications, options) => client.enqueueMany(notifications.map(each => inApp(each, options))),
  };
}
