export { startWorkers, type StartedWorkers, type StartWorkersOptions } from '../src/boot/work/index.ts';
export { analyticsHandlers, recordBatch, recordIdentify, recordTrack } from './analytics/index.ts';
export { database } from './database.ts';
export {
  createOrderStore,
  emailHandlers,
  sendOrderConfirmation,
  sendPasswordReset,
  sendWelcomeEmail,
  type Order,
  type OrderItem,
  type OrderStore,
  type StoredOrder,
} from './email/index.ts';
export {
  NOTIFICATION_CHANNEL,
  notificationHandlers,
  sendWebhook,
  sendWebPush,
  storeInApp,
} from './notification/index.ts';
