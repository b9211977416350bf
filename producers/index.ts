export {
  createAnalyticsProducer,
  type AnalyticsProducer,
  type IdentifyMessage,
  type TrackMessage,
} from './analytics.ts';
export type { BatchOptions } from './batch-options.ts';
export {
  createEmailProducer,
  type EmailProducer,
  type OrderReference,
  type PasswordResetRequest,
  type WelcomeRecipient,
} from './email.ts';
export {
  createNotificationProducer,
  type InAppNotification,
  type NotificationProducer,
  type WebhookNotification,
  type WebPushNotification,
} from './notification.ts';
